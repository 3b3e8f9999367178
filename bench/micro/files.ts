/** Reading files of text, without a dataflow around it: `node bench/micro/files.ts`. 100 MB each, made in the temporary directory and removed again; MB per second of processor time. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSource } from "../../runtime/connectors/index.ts";

const megabytes = Number(process.env.MEGABYTES ?? 100);
const directory = mkdtempSync(join(tmpdir(), "weir-bench-"));
const words = "the quick brown fox jumps over the lazy dog and goes on its way".split(" ");
const line = (i: number, length: number): string =>
  Array.from({ length }, (_, j) => words[(i * 7 + j * 3) % words.length]).join(" ");

const cases: [name: string, encoding: "lines" | "jsonl" | "csv", header: string, record: (i: number) => string][] = [
  ["lines of 60 bytes", "lines", "", (i) => line(i, 14)],
  ["lines of 60 bytes, not ASCII", "lines", "", (i) => `é${line(i, 14)}`],
  ["one word a line", "lines", "", (i) => words[i % words.length]!],
  ["JSON lines", "jsonl", "", (i) => JSON.stringify({ id: i, name: line(i, 3), tags: [1, 2] })],
  ["CSV, no quotes", "csv", "id,name,word\n", (i) => `${i},${line(i, 3)},${words[i % words.length]}`],
  ["CSV, quotes", "csv", "id,name,word\n", (i) => `${i},"${line(i, 3)}, he said",${words[i % words.length]}`],
];

try {
  for (const [name, encoding, header, record] of cases) {
    const path = join(directory, "data");
    const block = Array.from({ length: 20_000 }, (_, i) => `${record(i)}\n`).join("");
    const blocks = Math.ceil((megabytes * 1e6) / Buffer.byteLength(block));
    writeFileSync(path, header + block.repeat(blocks));
    let best = 0;
    for (let round = 0; round < 3; round++) {
      const start = process.cpuUsage();
      const part = await fileSource(path, { encoding }).buildPart(path, undefined);
      let records = 0;
      for (let batch = await part.nextBatch(); batch !== null; batch = await part.nextBatch())
        records += (batch as unknown[]).length;
      await part.close!();
      const { user, system } = process.cpuUsage(start);
      if (records !== blocks * 20_000) throw new Error(`${name}: ${records} records instead of ${blocks * 20_000}`);
      best = Math.max(best, statSync(path).size / (user + system));
    }
    console.log(`${name.padEnd(32)} ${best.toFixed(0).padStart(5)} MB/s`);
  }
} finally {
  rmSync(directory, { recursive: true });
}
