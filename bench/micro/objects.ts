/**
 * How fast objects are read and written, next to a loop that fetches and parses them by itself: `node bench/micro/objects.ts [objects]`.
 * The server is versitygw on the same machine, so this measures Weir's part and the requests, not a network. Rows per second.
 */
import { Dataflow, generatorSource, objectSink, objectSource } from "../../runtime/index.ts";
import { openBucket } from "../../runtime/connectors/objects/open-bucket.ts";
import { runMain } from "../../runtime/testing/index.ts";
import { buildVersitygw, startVersitygw } from "../../test/contracts/versitygw.ts";

const objects = Number(process.argv[2] ?? 2_000);
const rowsEach = 50;
const rows = objects * rowsEach;
const at = (n: number): string => JSON.stringify({ id: n, user: `user ${n % 1_000}`, amount: n * 7, note: "some text of a row" });

const server = await startVersitygw(await buildVersitygw(), ["bench"]);
const options = { endpoint: server.endpoint, env: server.env };
const { bucket } = openBucket("bench", { url: "s3://bench", ...options }, "WEIR_SINK_FAILED");
const { signal } = new AbortController();

async function put(key: string, from: number, count: number): Promise<void> {
  const text = Array.from({ length: count }, (_, i) => `${at(from + i)}\n`).join("");
  const upload = { key, token: `t${from}`, id: "" };
  upload.id = await bucket.beginUpload(key, upload.token, signal);
  await bucket.completeUpload(upload, [await bucket.uploadPart(upload, 0, Buffer.from(text), signal)], signal);
}
async function timed(what: string, count: number, run: () => Promise<number>): Promise<void> {
  const began = performance.now();
  const seen = await run();
  const seconds = (performance.now() - began) / 1_000;
  if (seen !== count) throw new Error(`${what}: ${seen} rows instead of ${count}`);
  console.log(
    `${what.padEnd(44)} ${seconds.toFixed(2).padStart(6)} s ${Math.round(count / seconds)
      .toLocaleString("en")
      .padStart(10)} rows/s`,
  );
}
function readFlow(url: string, concurrency: number): () => Promise<number> {
  return async () => {
    let seen = 0;
    const flow = new Dataflow("read");
    flow.input("in", objectSource({ url, format: "jsonl", concurrency, ...options })).inspect("count", () => void seen++);
    await runMain(flow);
    return seen;
  };
}
function loop(prefix: string): () => Promise<number> {
  return async () => {
    const keys: string[] = [];
    for await (const { key } of bucket.list(prefix, signal)) keys.push(key);
    let seen = 0;
    const left = keys.values();
    const fetchAll = async (): Promise<void> => {
      for (const key of left) {
        const { bytes } = await bucket.read(key, 0, 64 * 2 ** 20, undefined, signal);
        for (const line of bytes.toString().split("\n")) if (line !== "") seen += JSON.parse(line) === null ? 0 : 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, fetchAll));
    return seen;
  };
}

try {
  for (let i = 0; i < objects; i += 8) {
    await Promise.all(
      Array.from({ length: Math.min(8, objects - i) }, (_, j) =>
        put(`small/${String(i + j).padStart(6, "0")}`, (i + j) * rowsEach, rowsEach),
      ),
    );
  }
  await put("large/one", 0, rows);
  await timed(`loop, ${objects} objects of ${rowsEach} rows`, rows, loop("small/"));
  for (const concurrency of [1, 8, 32])
    await timed(`objectSource, the same, ${concurrency} at a time`, rows, readFlow("s3://bench/small", concurrency));
  await timed("loop, one object", rows, loop("large/"));
  await timed("objectSource, one object", rows, readFlow("s3://bench/large", 8));
  for (const format of ["jsonl", "parquet"] as const) {
    await timed(`objectSink, ${format}, one object`, rows, async () => {
      const flow = new Dataflow("write");
      const make = (n: number) => ({ id: n, user: `user ${n % 1_000}`, amount: n * 7, note: "some text of a row" });
      flow
        .input("in", generatorSource({ parts: 1, count: rows, make }))
        .output("out", objectSink({ url: `s3://bench/${format}`, format, ...options }));
      await runMain(flow, { epochMs: 60_000 });
      return rows;
    });
  }
} finally {
  await server.close();
}
