/** `npm run bench -- scaling`: how cost grows, as tables on the terminal, in Markdown, and as lines for docs/performance.md. */
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import type { Arguments } from "../arguments.ts";
import { repository } from "../cache.ts";
import { lastLine, run } from "../measure.ts";
import { clock, createProgress } from "../report/progress.ts";
import { checkPage, writeScaling } from "../report/write.ts";
import type { Scale } from "../row.ts";
import { type Scaled, scalingTable, verdicts } from "./report.ts";
import type { Table } from "./table.ts";
import { tables } from "./tables.ts";

/** As much as 10 M keys and a snapshot of 1 GB take. */
const heapMb = 12_000;
const point = fileURLToPath(new URL("./point.ts", import.meta.url));

async function costsAt(table: Table, size: number, scale: Scale): Promise<(number | undefined)[]> {
  const args = ["--expose-gc", `--max-old-space-size=${heapMb}`, point, table.name, String(size), scale];
  const output = await run(process.execPath, args, repository, `${table.name} ${size}`);
  return (lastLine(output) as (number | null)[]).map((cost) => cost ?? undefined);
}

/** Whether every size came through. */
export async function measureScaling(args: Arguments): Promise<boolean> {
  if (args.save) checkPage("scaling");
  const progress = createProgress();
  const scaled: Scaled[] = [];
  const begun = performance.now();
  const loadBefore = loadavg()[0]!;
  let failed = false;
  for (const table of tables) {
    const tableBegun = performance.now();
    const rows: Scaled["rows"][number][] = [];
    for (const size of table.sizes[args.scale]) {
      progress.say(`${table.name}: ${table.show(size)}`);
      try {
        rows.push({ size, costs: await costsAt(table, size, args.scale) });
      } catch (error) {
        failed = true;
        progress.tell(`${table.name}, ${table.show(size)}: ${(error as Error).message}`);
      }
    }
    const one: Scaled = { table, rows };
    scaled.push(one);
    progress.tell(
      `\n${table.name} (${clock(performance.now() - tableBegun)}): ${table.work}\n\n${scalingTable(one)}\n\n${verdicts(one).join("\n")}`,
    );
  }
  progress.end();
  const save = args.save && !failed;
  console.log(`\n${writeScaling(scaled, { scale: args.scale, save, loadBefore, tookMs: performance.now() - begun })}`);
  return !failed;
}
