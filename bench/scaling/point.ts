/** The process of one size of a table: `node bench/scaling/point.ts <table> <size> <scale>`. Its last line is the costs in JSON. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scale } from "../row.ts";
import { tables } from "./tables.ts";

const [name, size, scale] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "weir-bench-scaling-"));
try {
  const costs = await tables.find((table) => table.name === name)!.measure(Number(size), scale as Scale, scratch);
  process.stdout.write(`${JSON.stringify(costs.map((cost) => cost ?? null))}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
