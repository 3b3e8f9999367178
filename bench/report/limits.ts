/** For each row, in words: what is done, what its limit is, how far Weir is from it, and where a profile shows the time to go. */
import { figure, judge, ratio, type RowResult, times, valueOf } from "../results.ts";

export function limits(results: readonly RowResult[], profiles: ReadonlyMap<string, string>): string {
  return `### What is done, and what the limit is\n\n${results.map((result) => limitOf(result, profiles.get(result.row.name))).join("\n")}\n`;
}

function limitOf(result: RowResult, profile: string | undefined): string {
  const { row } = result;
  const missed = judge(result).filter(({ holds }) => holds === false);
  return [
    `- **\`${row.name}\`**: ${row.work}.`,
    `  - The limit: ${row.limit}`,
    `  - Weir: ${distances(result).join("; ")}.`,
    ...(profile === undefined ? [] : [`  - The profile: ${profile}.`]),
    ...(missed.length === 0 ? [] : [`  - **Missed**: ${missed.map(({ words }) => words).join("; ")}.`]),
  ].join("\n");
}

/** Each way of Weir's: its figure, next to the loop or, where there is none, to the best of the peers. */
function distances(result: RowResult): string[] {
  const own = Object.keys(result.row.variants);
  return own
    .filter((name) => name !== "loop")
    .map((name) => {
      const value = valueOf(result, name);
      if (value === undefined) return `${name} was not measured`;
      const against = own.includes("loop") ? "loop" : bestPeer(result, own);
      const next =
        against === undefined ? "" : `, ${times(ratio(result, name, against))} ${against === "loop" ? "the loop" : against}`;
      return `${name} ${figure(value, result.row.unit)}${next}`;
    });
}

function bestPeer(result: RowResult, own: readonly string[]): string | undefined {
  const peers = result.contestants
    .map(({ name }) => name)
    .filter((name) => !own.includes(name) && valueOf(result, name) !== undefined);
  return peers.toSorted((a, b) => ratio(result, b, a)! - ratio(result, a, b)!)[0];
}
