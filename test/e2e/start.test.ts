/** The demonstration as a user runs it: exact totals though it was rescaled and a worker was killed on the way. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { readResults } from "../../scripts/start/table.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "weir-start-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function start(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["scripts/start.ts", ...args], { cwd: checkout, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk));
    child.on("exit", (code) => resolve({ code, output }));
  });
}

/** The same totals by a plain loop over the file. */
async function expected(): Promise<Map<string, { flights: number; delayMinutes: number }>> {
  const file = await asyncBufferFromFile(join(checkout, "node_modules/vega-datasets/data/flights-3m.parquet"));
  const compressors = { ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)) };
  const rows = await parquetReadObjects({ file, compressors, columns: ["date", "delay", "origin"] });
  const totals = new Map<string, { flights: number; delayMinutes: number }>();
  for (const { date, delay, origin } of rows as { date: Date; delay: bigint; origin: string }[]) {
    const name = `${origin} ${date.toISOString().slice(0, 10)}`;
    const total = totals.get(name);
    if (total === undefined) totals.set(name, { flights: 1, delayMinutes: Number(delay) });
    else {
      total.flights++;
      total.delayMinutes += Number(delay);
    }
  }
  return totals;
}

test(
  "npm start -- --exit leaves each airport's day once, with exact totals, after a rescale and a kill",
  { timeout: 240_000 },
  async () => {
    const results = join(directory, "results");
    const { code, output } = await start(["--exit", "--results", results]);
    expect(code, output).toBe(0);
    expect(output).toMatch(/rescaled from \d to 4 workers/);
    expect(output).toMatch(/killed worker flights-\d/);
    expect(output).toMatch(/recovered from the kill/);
    const lines = readResults(results);
    const totals = await expected();
    const found = new Map(
      lines.map(({ airport, date, flights, delayMinutes }) => [`${airport} ${date}`, { flights, delayMinutes }]),
    );
    expect(lines.length).toBe(totals.size);
    expect(found).toEqual(totals);
    expect(found.get("ATL 2001-01-01")).toEqual({ flights: 554, delayMinutes: 20522 });
  },
);
