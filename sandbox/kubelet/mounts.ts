/**
 * A process without root has no mounts. In their place, paths under a mount path that occur in a container's command, arguments,
 * working directory and environment are rewritten to the folder the volume really is. A path that a program carries in its own
 * code is not seen here; such a program does not find its volume.
 */
export interface Mount {
  readonly mountPath: string;
  readonly source: string;
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * A function that rewrites every path under one of the mounts; the longest mount path wins. /tmp alone is only rewritten where it
 * is the whole text: every process has a /tmp, and a path under it names a place of this machine (a shared folder, say).
 */
export function pathRewriter(mounts: readonly Mount[]): (text: string) => string {
  const sources = new Map(mounts.map(({ mountPath, source }) => [mountPath.replace(/(.)\/+$/, "$1"), source]));
  const paths = [...sources.keys()].toSorted((a, b) => b.length - a.length).filter((path) => path !== "/" && path !== "/tmp");
  if (paths.length === 0) return (text) => sources.get(text) ?? text;
  // Not in the middle of another path (/mnt/data has /data in it), though after the two slashes of a URL; and up to a whole segment.
  const expression = new RegExp(`(?<![\\w.~-]|[\\w.~-]/)(?:${paths.map(escape).join("|")})(?![\\w.~-])`, "g");
  return (text) => sources.get(text) ?? text.replace(expression, (path) => sources.get(path) ?? path);
}
