/**
 * Reads the Markdown of the repository as its tests need it: fenced blocks with the comment above them, headings and links.
 *
 * A comment of the form `<!-- run: RING; option; option: value -->` right above a block says how the block is tried. A `text`
 * block that follows a block which runs is what that block prints: its lines appear in this order, `…` stands for anything.
 */
import { globSync, readFileSync } from "node:fs";

export interface Block {
  readonly page: string;
  /** Of the opening fence, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly mark: Mark | undefined;
  /** What it prints, when the page shows it. */
  readonly output: string | undefined;
}
export interface Mark {
  readonly ring: string;
  readonly options: ReadonlyMap<string, string>;
}

/** Everything that a reader may open, relative to the root. */
export function pages(): string[] {
  return ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", ...globSync("docs/**/*.md").toSorted()];
}

export function blocksOf(page: string): Block[] {
  const lines = readFileSync(page, "utf8").split("\n");
  const blocks: Block[] = [];
  let comment: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\w*)\s*$/.exec(lines[i]!);
    if (fence === null) {
      const found = /^<!--\s*(.*?)\s*-->$/.exec(lines[i]!);
      if (found !== null) comment = found[1];
      else if (lines[i]!.trim() !== "") comment = undefined;
      continue;
    }
    const start = i++;
    while (i < lines.length && lines[i] !== "```") i++;
    if (i === lines.length) throw new Error(`${page}:${start + 1}: the block does not end`);
    const text = lines.slice(start + 1, i).join("\n");
    const language = fence[1]!;
    const before = blocks.at(-1);
    if (language === "text") {
      if (before === undefined)
        throw new Error(`${page}:${start + 1}: a text block shows what the block before it prints, and there is none`);
      blocks[blocks.length - 1] = { ...before, output: text };
    } else blocks.push({ page, line: start + 1, language, text, mark: markOf(comment), output: undefined });
    comment = undefined;
  }
  return blocks;
}

function markOf(comment: string | undefined): Mark | undefined {
  if (comment === undefined || !comment.startsWith("run:")) return undefined;
  const [ring = "", ...rest] = comment.slice("run:".length).split(";");
  const options = rest.map((option): [string, string] => {
    const colon = option.indexOf(":");
    return colon < 0 ? [option.trim(), ""] : [option.slice(0, colon).trim(), option.slice(colon + 1).trim()];
  });
  return { ring: ring.trim(), options: new Map(options) };
}

/** The text outside of fenced blocks. */
export function proseOf(page: string): string {
  return readFileSync(page, "utf8").replaceAll(/^```[^]*?^```$/gm, "");
}

/** Anchors that GitHub makes of a page's headings. */
export function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}

/** Fails with what is missing when `printed` does not have the lines of `expected` in their order. */
export function missingLine(expected: string, printed: string): string | undefined {
  const lines = printed.split("\n").map((line) => line.trimEnd());
  let at = 0;
  for (const line of expected.split("\n").map((each) => each.trimEnd())) {
    if (line === "…" || line === "") continue;
    const pattern = new RegExp(
      `^${line
        .split("…")
        .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*")}$`,
    );
    const found = lines.findIndex((each, index) => index >= at && pattern.test(each));
    if (found < 0) return line;
    at = found + 1;
  }
  return undefined;
}
