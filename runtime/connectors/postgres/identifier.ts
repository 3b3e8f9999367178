/** A name as SQL takes it literally: quoted, so that case and odd letters stay as they are. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
