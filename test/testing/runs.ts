/** A store in a directory of its own, for flows that run several times. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest } from "../../runtime/recovery/types.ts";

export interface Scratch {
  readonly directory: string;
  readonly store: string;
  manifest(): Manifest;
  /** Paths of the store's files below `delta/` and `base/`. */
  files(): string[];
  read(path: string): Buffer;
  write(path: string, bytes: Uint8Array): void;
  remove(): void;
}

export function scratch(): Scratch {
  const directory = mkdtempSync(join(tmpdir(), "weir-test-"));
  const folder = join(directory, "store");
  return {
    directory,
    store: `file://${folder}`,
    manifest: () => JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest,
    files: () =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => /^(delta|base)\/.*\.zst$/.test(path))
        .toSorted(),
    read: (path) => readFileSync(join(folder, path)),
    write: (path, bytes) => writeFileSync(join(folder, path), bytes),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
