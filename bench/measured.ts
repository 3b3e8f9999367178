/** The process of one measurement: `node bench/measured.ts <row> <variant> <scale>`. Its last line of output is a Measurement in JSON. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Measurement, Row, Scale } from "./row.ts";
import { rows } from "./rows/index.ts";

export async function measureHere(row: Row, variant: string, scale: Scale): Promise<Measurement> {
  const scratch = mkdtempSync(join(tmpdir(), "weir-bench-"));
  try {
    return await row.variants[variant]!({ scale, scratch });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [name, variant, scale] = process.argv.slice(2);
  const measurement = await measureHere(
    rows.find((row) => row.name === name)!,
    variant!,
    scale as Scale,
  );
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
}
