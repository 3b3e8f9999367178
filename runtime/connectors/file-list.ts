/**
 * The files a glob stands for, sorted, as the glob names them: relative stays relative to the working directory, so that names
 * of parts are the same in every process and every execution started in the same place.
 */
import { globSync, statSync } from "node:fs";
import { dirname, normalize } from "node:path";
import { fileFailure, readFailure } from "./failure.ts";

const magic = /[*?[\]{}]/;

/**
 * Throws WEIR_SOURCE_FAILED when a path without wildcards is no readable file, or the directory in front of the first wildcard
 * does not exist. A glob that matches nothing is no error: files may appear later.
 */
export function listFiles(glob: string): string[] {
  if (isFile(glob) || !magic.test(glob)) {
    try {
      // Reading is what fails on a directory, with the better message.
      if (statSync(glob).isDirectory()) throw Object.assign(new Error("it is a directory"), { code: "EISDIR" });
    } catch (error) {
      throw readFailure(glob, error);
    }
    return [normalize(glob)];
  }
  const directory = dirname(glob.slice(0, glob.search(magic)) + "x");
  try {
    statSync(directory);
  } catch (error) {
    throw fileFailure("WEIR_SOURCE_FAILED", `list "${glob}"`, error);
  }
  return globSync(glob).filter(isFile).map(normalize).toSorted();
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
