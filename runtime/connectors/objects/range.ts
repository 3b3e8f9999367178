/** HTTP's byte ranges. */
export function rangeOf(from: number, length: number): string {
  return `bytes=${from}-${from + length - 1}`;
}

/**
 * The object's size, of "bytes 0-9/1234", or the answer's own when it was not of a range.
 * Throws when fewer bytes came than the answer announced: a connection that is cut in the middle is not always an error.
 */
export function wholeSize(contentRange: string | undefined, contentLength: number, bytes: Uint8Array): number {
  if (bytes.byteLength !== contentLength) throw new Error(`only ${bytes.byteLength} of ${contentLength} bytes arrived`);
  const total = contentRange === undefined ? undefined : /\/(\d+)$/.exec(contentRange)?.[1];
  return total === undefined ? contentLength : Number(total);
}
