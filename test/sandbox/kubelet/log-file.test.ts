import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepLog } from "../../../sandbox/kubelet/log-file.ts";
import { readLog, type LogQuery } from "../../../sandbox/kubelet/log-reader.ts";

describe("a container's log", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "log-file-"));
    file = join(folder, "0.log");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const read = async (
    query: Partial<LogQuery> = {},
    running = () => false,
    signal = new AbortController().signal,
  ): Promise<string> => {
    let text = "";
    for await (const chunk of readLog(file, { follow: false, timestamps: false, ...query }, running, signal))
      text += chunk.toString();
    return text;
  };
  const lines = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join("");

  it("rotates at its limit, keeping the last part before, and a reader sees both in order", async () => {
    const keeper = keepLog(file, { maxBytes: 500, lookEveryMs: 5 });
    appendFileSync(file, lines(0, 100));
    await sleep(30);
    expect(existsSync(`${file}.1`)).toBe(true);
    expect(statSync(file).size).toBe(0);
    appendFileSync(file, lines(100, 110));
    keeper.close();
    expect(await read()).toBe(lines(0, 110));
    expect(await read({ tailLines: 12 })).toBe(lines(98, 110));
  });

  it("loses and repeats nothing for a follower through a rotation", async () => {
    appendFileSync(file, lines(0, 10));
    const keeper = keepLog(file, { maxBytes: 2000, lookEveryMs: 60 });
    let live = true;
    const following = read({ follow: true }, () => live);
    for (let batch = 1; batch < 30; batch++) {
      appendFileSync(file, lines(batch * 10, batch * 10 + 10));
      await sleep(20);
    }
    expect(existsSync(`${file}.1`)).toBe(true);
    live = false;
    keeper.close();
    expect(await following).toBe(lines(0, 300));
  });

  it("knows when a line was written, to the interval of its looks", async () => {
    const keeper = keepLog(file, { maxBytes: 1000, lookEveryMs: 10 });
    appendFileSync(file, "early\n");
    await sleep(150);
    const between = Date.now();
    await sleep(50);
    appendFileSync(file, "late\n");
    keeper.close();
    expect(await read({ since: between })).toBe("late\n");
    const [early, late] = (await read({ timestamps: true })).split("\n").map((line) => Date.parse(line.split(" ")[0] ?? ""));
    expect((late as number) - (early as number)).toBeGreaterThanOrEqual(150);
  });

  it("shows a follower whole lines only, and the unfinished last one at the end", async () => {
    appendFileSync(file, "whole\nhalf");
    let live = true;
    const ending = new AbortController();
    let text = "";
    const following = (async () => {
      for await (const chunk of readLog(file, { follow: true, timestamps: false }, () => live, ending.signal))
        text += chunk.toString();
    })();
    await sleep(150);
    expect(text).toBe("whole\n");
    appendFileSync(file, " more\nlast");
    live = false;
    await following;
    expect(text).toBe("whole\nhalf more\nlast");
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  it("is read to the end although the pod's folder is gone", async () => {
    appendFileSync(file, "first\n");
    let live = true;
    const following = read({ follow: true }, () => live);
    await sleep(30);
    appendFileSync(file, "last words\n");
    rmSync(folder, { recursive: true });
    live = false;
    expect(await following).toBe("first\nlast words\n");
  });
});
