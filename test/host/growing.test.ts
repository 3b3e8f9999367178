/** Parts that appear while the flow runs, in one process and in two, with state, after a resume, too; and state as it is looked up. */
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { get } from "../../cli/snapshot.ts";
import { runMain } from "../../runtime/testing/index.ts";
import { weir } from "../cli/bin.ts";
import growing, { type Line } from "./flows/growing.ts";
import { type Members, members } from "./members.ts";

let directory: string;
let flow: Members | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weir-growing-"));
  mkdirSync(join(directory, "in"));
});
afterEach(() => {
  flow?.kill();
  flow = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const all: Line[] = [];
beforeEach(() => void (all.length = 0));
function write(part: string, ...lines: readonly (Line | "pause")[]): void {
  for (const line of lines) if (line !== "pause") all.push(line);
  const text = lines.map((line) => `${line === "pause" ? line : JSON.stringify(line)}\n`).join("");
  appendFileSync(join(directory, "in", part), text);
}
/** What the running sums say: each value once, and the sum behind the last of a key. */
function sums(): { values: number[]; most: number } {
  const folder = join(directory, "sums");
  const lines = readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as [number, number]);
  return { values: lines.map(([value]) => value).toSorted((a, b) => a - b), most: Math.max(...lines.map(([, sum]) => sum)) };
}
const values = (): number[] => all.map(([, value]) => value).toSorted((a, b) => a - b);
const seen = (): number => {
  try {
    return sums().values.length;
  } catch {
    return 0;
  }
};

test("one process finds parts that appear, keeps their positions, and finds more after a resume", { timeout: 60_000 }, async () => {
  const options = { workers: 2, epochMs: 20, recovery: { store: `file://${directory}/store`, snapshotMs: 100 } };
  write("first", ["k", 1], ["k", 2]);
  const running = runMain(growing({ directory }), options);
  await expect.poll(seen, { timeout: 10_000 }).toBe(2);
  write("second", ["k", 4], ["other", 3]);
  await expect.poll(seen, { timeout: 15_000 }).toBe(4);
  write("first", ["k", 8], "pause");
  write("second", "pause");
  await running;
  expect(sums()).toEqual({ values: values(), most: 15 });

  write("first", ["k", 16], "pause");
  write("second", ["k", 32]);
  const again = runMain(growing({ directory }), options);
  await expect.poll(seen, { timeout: 10_000 }).toBe(7);
  write("third", ["k", 64], "pause");
  await expect.poll(seen, { timeout: 15_000 }).toBe(8);
  write("second", "pause");
  await again;
  expect(sums()).toEqual({ values: values(), most: 127 });
});

/** What `weir snapshot get` prints. */
async function kept(store: string, step: string, key: string): Promise<unknown> {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await get(store, step, key, {});
    return JSON.parse(write.mock.calls.map(([text]) => String(text)).join(""));
  } finally {
    write.mockRestore();
  }
}

const odd = ["a/b c?d#e&f=%2F%", "", " ", "ключ é 🙂", 'quote " \\ \n line', "x".repeat(3_000), "-", "__proto__"];

test(
  "two processes find parts that appear; any of them tells any key's state of any step, as the snapshot does",
  { timeout: 120_000 },
  async () => {
    const module = fileURLToPath(new URL("./flows/growing.ts", import.meta.url));
    const store = `file://${directory}/store`;
    const args = [
      module,
      "-p",
      "2",
      "-r",
      store,
      "--snapshot-interval",
      "0.3",
      "--epoch",
      "30",
      "--param",
      `directory=${directory}`,
    ];
    const start = async (): Promise<Members> => {
      const two = (flow = await members(2, args));
      for (let index = 0; index < 2; index++) two.start(index);
      return two;
    };
    write("first", ...odd.map((key, index): Line => [key, index + 1]));
    let two = await start();
    await two.until("the first part is read", () => seen() === odd.length);
    for (const part of ["second", "third", "fourth"]) write(part, ...odd.map((key): Line => [key, 10]));
    await two.until("parts that appeared are read", () => seen() === odd.length * 4);

    // Their positions go with a rescale, and more of them appear after it.
    for (const [processes, part] of [
      [1, "between"],
      [2, "after"],
    ] as const) {
      expect(await two.post(0, "/rescale", { processes })).toMatchObject({ status: 200 });
      const before = seen();
      write("second", ["moved", 100]);
      write(part, ["moved", 200]);
      await two.until(`all parts are read by ${processes}`, () => seen() === before + 2);
    }

    const path = (step: string, key: string): string => `/state/${encodeURIComponent(step)}/${encodeURIComponent(key)}`;
    const ask = async (step: string, key: string): Promise<unknown> => {
      const answers = await Promise.all([0, 1].map((index) => two.get(index, path(step, key))));
      expect(answers[0], `${step} of ${key}`).toEqual(answers[1]);
      expect(answers[0]!.status, `${step} of ${key}`).toBe(200);
      return answers[0]!.body.value;
    };
    const live = new Map<string, unknown>();
    for (const [index, key] of odd.entries()) {
      expect(await ask("sum", key)).toBe(index + 31);
      const uneven = index % 2 === 0;
      expect(await ask("both", key)).toEqual([uneven ? [index + 1] : [], [...(uneven ? [] : [index + 1]), 10, 10, 10]]);
      const windows = JSON.stringify(await ask("hours", key));
      expect(windows).toContain(String(index + 1));
      expect(windows).toContain("10,10,10");
      for (const step of ["sum", "both", "hours"]) live.set(`${step} ${key}`, await ask(step, key));
    }
    expect(await ask("sum", "moved")).toBe(600);
    expect((await two.get(1, path("sum", "nobody"))).status).toBe(404);

    // What a drain leaves behind is what was told.
    expect((await two.post(0, "/drain")).status).toBe(200);
    for (const index of [0, 1]) expect(await two.exited(index)).toBe(0);
    for (const key of odd) {
      for (const step of ["sum", "both", "hours"]) {
        expect(await kept(store, step, key), `${step} of ${key}`).toEqual(live.get(`${step} ${key}`));
      }
    }

    const asked = await weir(["snapshot", "get", store, "sum", odd[0]!]);
    expect(asked).toMatchObject({ status: 0, stdout: "31\n" });

    two = await start();
    await two.until(
      "it goes on",
      async () => (await two.status(0))?.phase === "running" && (await two.status(1))?.phase === "running",
    );
    write("fifth", [odd[0]!, 1_000], "pause");
    await two.until("a part that appeared after the resume is read", () => seen() === all.length);
    expect(await ask("sum", odd[0]!)).toBe(1_031);
    for (const part of ["first", "second", "third", "fourth", "between", "after"]) write(part, "pause");
    for (const index of [0, 1]) expect(await two.exited(index)).toBe(0);
    expect(sums().values).toEqual(values());
  },
);
