/**
 * Replaces a folder's files all at once, as the real kubelet does:
 *
 *     folder/..data  ->  ..17.1        (a symbolic link, swapped by rename)
 *     folder/key     ->  ..data/key
 *
 * Invariant: a reader that opens files through one resolution of `..data` sees one version of all of them.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, normalize } from "node:path";

export interface FileContent {
  readonly data: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

let serial = 0;

function unchanged(folder: string, files: ReadonlyMap<string, FileContent>): boolean {
  let present: string[];
  try {
    present = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch {
    return false;
  }
  return present.length === files.size && present.every((path) => files.get(path)?.data.equals(readFileSync(join(folder, path))));
}

/** Throws when a path leaves the folder. Whether anything changed. */
export function writeFilesAtomically(folder: string, files: ReadonlyMap<string, FileContent>): boolean {
  for (const path of files.keys()) {
    const plain = normalize(path);
    if (plain !== path || plain.startsWith("..") || plain.startsWith("/"))
      throw new Error(`a volume may not have a file named ${JSON.stringify(path)}`);
  }
  mkdirSync(folder, { recursive: true });
  const link = join(folder, "..data");
  if (existsSync(link) && unchanged(join(folder, readlinkSync(link)), files)) return false;
  const previous = existsSync(link) ? readlinkSync(link) : undefined;
  const version = `..${Date.now()}.${++serial}`;
  mkdirSync(join(folder, version), { mode: 0o755 });
  for (const [path, { data, mode }] of files) {
    const target = join(folder, version, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, data);
    chmodSync(target, mode);
  }
  symlinkSync(version, `${link}.new`);
  renameSync(`${link}.new`, link);
  const tops = new Set([...files.keys()].map((path) => path.split("/")[0] as string));
  for (const top of tops) {
    const visible = join(folder, top);
    if (!isLink(visible)) symlinkSync(join("..data", top), visible);
  }
  for (const entry of readdirSync(folder))
    if (!entry.startsWith("..") && !tops.has(entry)) rmSync(join(folder, entry), { force: true });
  if (previous !== undefined) rmSync(join(folder, previous), { recursive: true, force: true });
  return true;
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
