/**
 * The text of the word count, in two files, made once in the cache: 24 copies of what Debian's `bible-kjv` prints, fetched with apt and
 * unpacked without installing it, or else the text of examples/wordcount up to 100 MB.
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, repository } from "../cache.ts";
import type { Scale } from "../row.ts";

export interface Text {
  /** Glob of both files. */
  readonly glob: string;
  readonly files: readonly string[];
  /** Where the text comes from. */
  readonly origin: string;
  /** Known before anybody counts; undefined for other texts than the whole `bible-kjv`. */
  readonly answer: Readonly<Record<"total" | "distinct" | "the", number>> | undefined;
}

const whole = { total: 19_760_616, distinct: 27_817, the: 1_533_864 };

export function wordcountText(scale: Scale): Text {
  const bible = scale === "tiny" ? undefined : debianBible();
  const origin = bible === undefined ? "examples" : "bible-kjv";
  const text = bible ?? exampleText();
  const copies = { full: bible === undefined ? Math.ceil(1e8 / text.length) : 24, brief: 2, tiny: 2 }[scale];
  const directory = join(cache(), `text-${origin}-${scale}`);
  const files = [0, 1].map((file) => join(directory, `${file}.txt`));
  if (!files.every((path) => existsSync(path))) {
    mkdirSync(directory, { recursive: true });
    const half = Buffer.concat(Array.from({ length: Math.ceil(copies / 2) }, () => text));
    for (const path of files) {
      writeFileSync(`${path}.${process.pid}`, half);
      renameSync(`${path}.${process.pid}`, path);
    }
  }
  return { glob: join(directory, "*.txt"), files, origin, answer: scale === "full" && bible !== undefined ? whole : undefined };
}

const exampleText = (): Buffer =>
  Buffer.concat(
    globSync(join(repository, "examples/wordcount/*.txt"))
      .toSorted()
      .map((path) => readFileSync(path)),
  );

/** undefined where the package is not to be had; said once. */
function debianBible(): Buffer | undefined {
  const directory = join(cache(), "bible-kjv");
  const path = join(directory, "text.txt");
  if (existsSync(path)) return readFileSync(path);
  if (existsSync(join(directory, "missing"))) return undefined;
  mkdirSync(directory, { recursive: true });
  const run = (command: string, args: string[], cwd = directory): Buffer =>
    execFileSync(command, args, { cwd, maxBuffer: 1e8, stdio: ["ignore", "pipe", "ignore"] });
  try {
    run("apt-get", ["download", "bible-kjv", "bible-kjv-text"]);
    for (const file of globSync(join(directory, "*.deb"))) run("dpkg", ["-x", file, "."]);
    const text = run("../bin/bible", ["gen1:1-rev22:21"], join(directory, "usr/lib"));
    writeFileSync(`${path}.part`, text);
    renameSync(`${path}.part`, path);
    return text;
  } catch {
    console.error("bench: Debian's package bible-kjv can't be had here; the word count takes the text of examples/wordcount");
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "missing"), "");
    return undefined;
  }
}
