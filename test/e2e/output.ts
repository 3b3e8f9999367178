/** Reads what the flow of `flows/sums.ts` wrote, and says whether it is exactly what an undisturbed run writes. */
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";

export interface Line {
  readonly key: string;
  readonly index: number;
  readonly sum: number;
  readonly tag: string;
}

/** Whole lines, each file in its order. A file that is being written may end in a part of one. */
export function linesOf(dir: string): Line[] {
  const out = join(dir, "out");
  if (!existsSync(out)) return [];
  return readdirSync(out)
    .toSorted()
    .flatMap((file) => readFileSync(join(out, file), "utf8").split("\n").slice(0, -1))
    .map((line) => {
      const [key = "", index, sum, tag = ""] = line.split(" ");
      return { key, index: Number(index), sum: Number(sum), tag };
    });
}

export const linesWith = (dir: string, tag: string): number => linesOf(dir).filter((line) => line.tag === tag).length;

/**
 * Every key's lines are those of the indices from its first on, in order, without a gap or a repetition, with the right sums.
 * `count` records of each part: also, that none is missing. Gives the number of lines; throws with the first that is wrong.
 */
export function exactly(dir: string, count?: number): number {
  const lines = linesOf(dir);
  const keys = new Map<string, { next: number; sum: number; n: number }>();
  for (const line of lines) {
    const first = Number(line.key.slice(line.key.indexOf("-") + 1));
    const seen = keys.get(line.key) ?? { next: first, sum: 0, n: 0 };
    const sum = seen.sum + seen.next;
    if (line.index !== seen.next || line.sum !== sum)
      throw new Error(
        `line ${seen.n + 1} of key ${line.key} should say ${seen.next} ${sum} and says ${line.index} ${line.sum} ${line.tag}`,
      );
    keys.set(line.key, { next: seen.next + 5, sum, n: seen.n + 1 });
  }
  if (count !== undefined && lines.length !== 4 * count) throw new Error(`${lines.length} lines instead of ${4 * count}`);
  return lines.length;
}
