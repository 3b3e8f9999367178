/** Files that vanish, shrink or find no room while a flow has them open. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { Dataflow, dirSink, fileSink, fileSource } from "../../runtime/index.ts";
import { EOF, runMain, testSink, testSource } from "../../runtime/testing/index.ts";
import { batchesOf } from "./reading.ts";

/** `room`: bytes that the disk still takes. */
const disk = vi.hoisted(() => ({ room: Infinity, syncs: 0 }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return {
    ...fs,
    fsync(fd: number, done: (error: Error | null) => void) {
      disk.syncs++;
      fs.fsync(fd, done);
    },
    writeSync(fd: number, bytes: Buffer, from: number, length: number, at: number) {
      if (disk.room <= 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      const written = fs.writeSync(fd, bytes, from, Math.min(length, disk.room), at);
      disk.room -= written;
      return written;
    },
  };
});

const base = mkdtempSync(join(tmpdir(), "weir-faults-"));
afterAll(() => rmSync(base, { recursive: true }));
let tests = 0;
let root: string;
beforeEach(() => {
  disk.room = Infinity;
  root = join(base, String(tests++));
  mkdirSync(root);
});
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const long = (name: string): string => Array.from({ length: 40_000 }, (_, i) => `${name} ${i}\n`).join("");

test("a file that is removed while it is read is read to its end", async () => {
  const path = join(root, "in.txt");
  writeFileSync(path, long("line"));
  const part = await fileSource(path).buildPart(path, undefined);
  await part.nextBatch();
  rmSync(path);
  expect((await batchesOf(part)).flat()).toHaveLength(39_000);
  await part.close!();
});

test("a file that is removed before it is opened stops the flow", () => {
  const path = join(root, "in.txt");
  expect(() => fileSource(path).buildPart(path, undefined)).toThrow(
    expect.objectContaining({ code: "WEIR_SOURCE_FAILED", message: expect.stringContaining("ENOENT") as string }),
  );
});

test("a file that a glob matches no more on a resume is left out, and the others go on", async () => {
  for (const name of ["a", "b"]) writeFileSync(join(root, `${name}.txt`), `${name} 1\n`);
  const out: string[] = [];
  const run = async (): Promise<string[]> => {
    out.length = 0;
    const flow = new Dataflow("vanishing");
    flow.input("in", fileSource(join(root, "*.txt"))).output("out", testSink(out));
    await runMain(flow, { recovery: { store: `memory://${root}`, snapshotMs: 0 } });
    return out.toSorted();
  };
  expect(await run()).toEqual(["a 1", "b 1"]);
  rmSync(join(root, "a.txt"));
  appendFileSync(join(root, "b.txt"), "b 2\n");
  expect(await run()).toEqual(["b 2"]);
});

test("a glob that matches nothing ends the input", async () => {
  const flow = new Dataflow("nothing");
  const out: string[] = [];
  flow.input("in", fileSource(join(root, "*.txt"))).output("out", testSink(out));
  await runMain(flow);
  expect(out).toEqual([]);
});

test("a file that shrinks while it is read ends where it ends now, and is refused by a resume", async () => {
  const path = join(root, "in.txt");
  writeFileSync(path, long("line"));
  const source = fileSource(path);
  const part = await source.buildPart(path, undefined);
  await part.nextBatch();
  truncateSync(path, 100);
  const rest = (await batchesOf(part)).flat();
  // What had been read into the buffer is given out.
  expect(rest.length).toBeLessThan(39_000);
  expect(() => source.buildPart(path, part.snapshot())).toThrow(
    expect.objectContaining({ code: "WEIR_SOURCE_FAILED", message: expect.stringContaining("has only 100 bytes") as string }),
  );
  await part.close!();
});

test("a snapshot syncs the file, and its name once", async () => {
  const sink = fileSink(join(root, "out.txt"));
  const part = await sink.buildPart("out.txt", undefined);
  await part.writeBatch(["a"]);
  disk.syncs = 0;
  await part.snapshot();
  expect(disk.syncs).toBe(2);
  await part.writeBatch(["b"]);
  expect(await part.snapshot()).toBe(4);
  expect(disk.syncs).toBe(3);
  await part.close!();
});

test("a full disk stops the flow, and what was half written is gone when it goes on", async () => {
  const source = testSource(["first", EOF, "second", EOF]);
  const run = (): Promise<void> => {
    const flow = new Dataflow("full");
    flow
      .input("in", source)
      .keyBy("key", () => "k")
      .output("out", fileSink(join(root, "out.txt")));
    return runMain(flow, { recovery: { store: `memory://${root}`, snapshotMs: 0 } });
  };
  await run();
  disk.room = 3;
  await expect(run()).rejects.toMatchObject({
    code: "WEIR_SINK_FAILED",
    step: "out",
    message: expect.stringContaining("no space is left (ENOSPC)") as string,
  });
  expect(read("out.txt")).toBe("first\nsec");
  disk.room = Infinity;
  await run();
  expect(read("out.txt")).toBe("first\nsecond\n");
});

test("a value that is no string stops the flow, naming the step", async () => {
  const flow = new Dataflow("numbers");
  flow
    .input("in", testSource([5 as never]))
    .keyBy("key", () => "k")
    .output("out", fileSink(join(root, "out.txt")));
  await expect(runMain(flow)).rejects.toMatchObject({ code: "WEIR_SINK_FAILED", step: "out" });
});

test("a directory that goes on with more parts keeps the lines of those that it had", async () => {
  const source = testSource(["a", "b", "c", "d", EOF, "a", "b", "c", "d"]);
  const run = (parts: number): Promise<void> => {
    const flow = new Dataflow("parts");
    flow
      .input("in", source)
      .keyBy("key", (text) => text)
      .output("out", dirSink(join(root, "out"), { parts }));
    return runMain(flow, { recovery: { store: `memory://${root}`, snapshotMs: 0 } });
  };
  await run(1);
  await run(3);
  const lines = [0, 1, 2].flatMap((part) => read(`out/part-000${part}`).split("\n").filter(Boolean));
  expect(lines.toSorted()).toEqual(["a", "a", "b", "b", "c", "c", "d", "d"]);
});

test("a directory that goes on with fewer parts leaves the files of the others as they are", async () => {
  const source = testSource(["a", "b", "c", "d", EOF, "e"]);
  const run = (parts: number): Promise<void> => {
    const flow = new Dataflow("parts");
    flow
      .input("in", source)
      .keyBy("key", (text) => text)
      .output("out", dirSink(join(root, "out"), { parts }));
    return runMain(flow, { recovery: { store: `memory://${root}`, snapshotMs: 0 } });
  };
  await run(2);
  for (const part of [0, 1]) appendFileSync(join(root, `out/part-000${part}`), "torn");
  await run(1);
  expect(read("out/part-0000")).not.toContain("torn");
  expect(read("out/part-0001")).toContain("torn");
});
