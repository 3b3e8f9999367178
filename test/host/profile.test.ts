import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { describeShares } from "../../runtime/host/profile.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-profile-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const weir = (...args: string[]) => promisify(execFile)("node", ["bin/weir.js", "run", "examples/wordcount/flow.ts", ...args]);

test.each([
  ["one worker on the main thread", [], ["worker-0.cpuprofile"]],
  ["two threads", ["-w", "2"], ["worker-0.cpuprofile", "worker-1.cpuprofile"]],
  ["two processes", ["-p", "2"], ["worker-0.cpuprofile", "worker-1.cpuprofile"]],
])(
  "each worker leaves a profile in which its steps' work is found: %s",
  async (name, args, files) => {
    const into = join(directory, name, "new");
    const { stderr, stdout } = await weir(...args, "--profile", into);
    expect(stdout.trim().split("\n").length).toBe(4597);
    expect(readdirSync(into).toSorted()).toEqual(files);
    for (const file of files) {
      const profile = JSON.parse(readFileSync(join(into, file), "utf8")) as {
        samples: number[];
        nodes: { callFrame: { url: string } }[];
      };
      expect(profile.samples.length).toBeGreaterThan(0);
      expect(profile.nodes.some(({ callFrame }) => callFrame.url.includes("/runtime/execution/"))).toBe(true);
    }
    for (const step of ["lines (input)", "split (flatMap)", "word (keyBy)", "count (countFinal)", "print (output)"])
      expect(stderr).toContain(step);
    // Taken by all workers of all processes together.
    const words = [...stderr.matchAll(/count \(countFinal\), ([\d,]+) records/g)].map(([, n]) => Number(n!.replaceAll(",", "")));
    expect(words.reduce((sum, n) => sum + n, 0)).toBe(48_501);
  },
  60_000,
);

test("a directory that can't be made is refused before anything runs", async () => {
  const file = join(directory, "file");
  writeFileSync(file, "");
  await expect(weir("--profile", join(file, "below"))).rejects.toMatchObject({ stderr: expect.stringContaining("--profile: ") });
}, 60_000);

test("shares are of the workers' time, the longest first, with what is left between steps", () => {
  const step = (name: string, busySeconds: number) => ({
    step: name,
    kind: "map",
    upstream: [],
    recordsIn: 5,
    recordsOut: 5,
    busySeconds,
  });
  const text = describeShares([
    { path: "a", steps: [step("quick", 0.5), step("slow", 2)], busySeconds: 5 },
    { path: "b", steps: [step("quick", 0.5), step("slow", 1)], busySeconds: 5 },
  ]);
  expect(text.split("\n").map((line) => line.trim())).toEqual([
    "time of 2 workers, 10.000 s in all:",
    "30.0 %      3.000 s  slow (map), 10 records in",
    "10.0 %      1.000 s  quick (map), 10 records in",
    "60.0 %      6.000 s  between steps: progress, exchange, snapshots, the event loop",
    "written: a",
    "written: b",
  ]);
});
