/** What an image means here: a mapping to a program, or, without one, a `command` that this machine has. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Container } from "../client/index.ts";
import type { ImageMapping } from "./options.ts";

export interface Image {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly paths: Readonly<Record<string, string>>;
}

/** There is nothing on this machine that the image could stand for. */
export class ImageError extends Error {
  readonly reason = "ErrImagePull";
}

function matches(pattern: string, image: string): boolean {
  const expression = pattern
    .split("*")
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${expression}$`).test(image);
}

/** The absolute path of a program, looked for in `path` when its name has no slash. */
export function findProgram(name: string, path: string): string | undefined {
  const places = name.includes("/") ? [""] : path.split(delimiter).filter((place) => isAbsolute(place));
  for (const place of places) {
    const candidate = place === "" ? name : join(place, name);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Throws ImageError. */
export function findImage(container: Container, mappings: readonly ImageMapping[], path: string): Image {
  const image = container.image ?? "";
  const mapping = mappings.find(({ pattern }) => matches(pattern, image));
  if (mapping !== undefined) {
    return {
      entrypoint: mapping.entrypoint ?? [],
      cmd: mapping.cmd ?? [],
      cwd: mapping.cwd,
      env: mapping.env ?? {},
      paths: mapping.paths ?? {},
    };
  }
  const program = container.command?.[0];
  if (program !== undefined && findProgram(program, path) !== undefined)
    return { entrypoint: [], cmd: [], cwd: undefined, env: {}, paths: {} };
  const known = mappings.map(({ pattern }) => pattern).join(", ");
  const why =
    program === undefined
      ? "the container has no command that could run as it is"
      : `its command ${JSON.stringify(program)} is not a program of this machine`;
  throw new ImageError(
    `image ${JSON.stringify(image)} stands for no program here (known: ${known === "" ? "none" : known}) and ${why}; pods run as processes of this machine, images are not pulled`,
  );
}
