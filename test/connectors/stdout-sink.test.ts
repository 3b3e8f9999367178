import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { print } from "../../runtime/connectors/stdout-sink.ts";

function collector() {
  const writes: string[] = [];
  const waiting: (() => void)[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk.toString());
      waiting.push(() => done());
    },
  });
  return { stream, writes, drain: () => waiting.splice(0).forEach((done) => done()) };
}

test("strings as they are, the rest as JSON, one write per batch", async () => {
  const { stream, writes, drain } = collector();
  const written = print(stream, ["text", ["the", 3], { a: 1n }, new Map([["k", new Set([1])]]), undefined, null]);
  drain();
  await written;
  expect(writes).toEqual(['text\n["the",3]\n{"a":"1"}\n[["k",[1]]]\nundefined\nnull\n']);
});

test("a batch is written when the stream has taken it, not before", async () => {
  const { stream, drain } = collector();
  let done = false;
  const written = print(stream, ["a"]).then(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(done).toBe(false);
  drain();
  await written;
});

test("nothing to write is no write", async () => {
  const { stream, writes } = collector();
  await print(stream, []);
  expect(writes).toEqual([]);
});

test("a stream that fails is an error of the sink and of nothing else", async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("write EPIPE")) });
  await expect(print(broken, ["a"])).rejects.toThrow(
    expect.objectContaining({ code: "WEIR_SINK_FAILED", message: expect.stringContaining("EPIPE") as string }),
  );
});
