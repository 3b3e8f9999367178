import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { runMain } from "../../runtime/testing/index.ts";

const folder = "examples/wordcount";

test("the example prints each word of its texts once, with its count", async () => {
  const expected = new Map<string, number>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".txt"))) {
    for (const word of readFileSync(join(folder, name), "utf8")
      .toLowerCase()
      .match(/\p{L}+/gu) ?? [])
      expected.set(word, (expected.get(word) ?? 0) + 1);
  }
  let printed = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation(((text: string, done: () => void) => {
    printed += text;
    done();
    return true;
  }) as never);
  try {
    const { default: flow } = await import("../../examples/wordcount/flow.ts");
    await runMain(flow, { workers: 3 });
  } finally {
    write.mockRestore();
  }
  const counts = printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as [string, number]);
  expect(counts).toHaveLength(expected.size);
  expect(new Map(counts)).toEqual(expected);
});

test("the counts that its README names are right", () => {
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  const texts = readdirSync(folder)
    .filter((file) => file.endsWith(".txt"))
    .map((file) => readFileSync(join(folder, file), "utf8").toLowerCase());
  const words = texts.flatMap((text) => text.match(/\p{L}+/gu) ?? []);
  expect(readme).toContain(`["the",${words.filter((word) => word === "the").length}]`);
  expect(readme).toContain(`${words.length.toLocaleString("en")} words, ${new Set(words).size.toLocaleString("en")} of them`);
});
