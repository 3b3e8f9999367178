/** Each step has a page of its own that shows it, each connector one that says what becomes of records and of faults; all are in the table of contents. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import * as weir from "../../runtime/index.ts";
import * as testing from "../../runtime/testing/index.ts";
import { anchorsOf, blocksOf, proseOf } from "./markdown.ts";

const { Dataflow, eventClock, generatorSource, KeyedStream, Stream, tumbling } = weir;
const fileOf = (name: string): string => `docs/operators/${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.md`;
const internal = new Set(["constructor", "keyedNext", "portsOf", "graph", "port"]);
const methods = [Stream.prototype, KeyedStream.prototype]
  .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
  .filter((name) => !internal.has(name));
const windowed = new Dataflow("any")
  .input("n", generatorSource({ parts: 1, count: 1, make: (n) => n }))
  .keyBy("key", String)
  .window("w", { clock: eventClock({ timestamp: Number, waitMs: 0 }), windower: tumbling({ lengthMs: 1, alignTo: 0 }) });

/** [page, what its program calls] */
const wanted: [page: string, call: string][] = [
  ...["input", ...methods].map((name): [string, string] => [fileOf(name), `.${name}(`]),
  ...Object.keys(windowed).map((name): [string, string] => [`docs/operators/window-${name}.md`, `.${name}(`]),
  ...["eventClock", "systemClock", "tumbling", "sliding", "session"].map((name): [string, string] => [fileOf(name), `${name}(`]),
];

test.each(wanted)("%s is there and has a program that calls %s", (page, call) => {
  expect(existsSync(page)).toBe(true);
  const programs = blocksOf(page).filter(
    ({ language, mark, output }) => language === "ts" && mark?.ring === "unit" && output !== undefined,
  );
  expect(programs.map(({ text }) => text).join("\n")).toContain(call);
  for (const anchor of ["what-it-does", "snapshot", "errors", "example", "see-also"]) expect(anchorsOf(page)).toContain(anchor);
});

test("there are no pages of steps that do not exist", () => {
  const pages = new Set(["docs/operators/README.md", ...wanted.map(([page]) => page)]);
  expect(wanted.length).toBeGreaterThan(45);
  expect(globSync("docs/operators/*").filter((page) => !pages.has(page))).toEqual([]);
});

const connectors = [...Object.keys(weir), ...Object.keys(testing)].filter((name) => /(?:Source|Sink)$|^replay$/.test(name));

test.each(connectors)(
  "%s has a page that shows it and says what it guarantees, what is in the snapshot, and what happens on a fault",
  (name) => {
    const page = globSync("docs/connectors/*.md").find((each) =>
      blocksOf(each).some(({ language, text }) => language === "ts" && new RegExp(`\\b${name}(?:<.*>)?\\(`).test(text)),
    );
    expect(page, `a page of docs/connectors with a program that calls ${name}(`).toBeDefined();
    const text = proseOf(page!);
    for (const heading of promises) expect(text).toMatch(new RegExp(`^#+ ${heading}$`, "m"));
  },
);

const promises = ["What it guarantees", "What the snapshot stores", "What happens when…"];
const connectorPages = globSync("docs/connectors/*.md").toSorted();

test.each(connectorPages)("%s has the three headings, as often as it has connectors to speak of", (page) => {
  const titles = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!);
  expect(
    titles.filter((title) => /guarantee|promise|snapshot|goes wrong|happens when/i.test(title) && !promises.includes(title)),
  ).toEqual([]);
  const counts = promises.map((heading) => titles.filter((title) => title === heading).length);
  expect(counts[0]).toBeGreaterThan(0);
  expect(new Set(counts).size, `${promises.join(", ")}: ${counts.join(", ")}`).toBe(1);
});

test.each(connectorPages.flatMap((page) => promises.map((heading) => [page, heading] as const)))(
  "%s, %s: each paragraph, list item and table row points to a test",
  (page, heading) => {
    const claims = claimsBelow(proseOf(page), heading);
    expect(claims.length).toBeGreaterThan(0);
    expect(claims.filter((claim) => !isShown(claim))).toEqual([]);
  },
);

test("a claim without a test is found, in a paragraph, a list and a table", () => {
  const link = "[shown](a.test.ts)";
  const table = ["| case | what happens |", "| --- | --- |", `| a | ${link} |`, "| b | c |"].join("\n");
  const list = ["- one,", `  ${link}`, "- two"].join("\n");
  const prose = [
    "# X",
    "## What it guarantees",
    "All of it.",
    "As follows:",
    list,
    table,
    "It was not tried with Y.",
    "## Y",
    "z",
  ].join("\n\n");
  expect(claimsBelow(prose, "What it guarantees").filter((claim) => !isShown(claim))).toEqual(["All of it.", "- two", "| b | c |"]);
});

/** A link to a test; or there is nothing to show: it says so, announces what follows, or that nobody has tried. */
function isShown(claim: string): boolean {
  return (
    /\]\([^)\s]+\.test\.ts\)/.test(claim) || claim === "Nothing." || claim.endsWith(":") || /\bnot (?:been )?tried\b/.test(claim)
  );
}

/** Paragraphs, list items and rows of tables, of all sections with this heading. */
function claimsBelow(prose: string, heading: string): string[] {
  const sections = prose.split(/^#+ /m).filter((section) => section.split("\n", 1)[0] === heading);
  return sections.flatMap((section) =>
    section
      .slice(heading.length)
      .split(/\n{2,}/)
      .map((block) => block.trim())
      .filter((block) => block !== "" && !/^<!--.*-->$/.test(block))
      .flatMap((block) => {
        if (block.startsWith("- ")) return block.split(/\n(?=- )/);
        return block.startsWith("|") ? block.split("\n").slice(2) : [block];
      }),
  );
}

test("there are sources and sinks to look at", () => expect(connectors.length).toBeGreaterThan(14));

/** A link to a test has the beginning of the test's name as its text, so that a sentence cannot outlive its test. */
test.each(globSync("docs/**/*.md"))("tests that %s points to are there", (page) => {
  const missing = [...proseOf(page).matchAll(/\[([^\]]+)\]\(([^)\s]+\.test\.ts)\)/g)].filter(([, title, path]) => {
    const file = normalize(join(dirname(page), path!));
    return !existsSync(file) || !readFileSync(file, "utf8").includes(title!.replaceAll(/\s+/g, " "));
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

test("every page of docs is in the table of contents", () => {
  const contents = [...readFileSync("docs/README.md", "utf8").matchAll(/\]\(([^)#\s]+\.md)/g)].map(([, path]) => `docs/${path}`);
  expect(globSync("docs/**/*.md").filter((page) => page !== "docs/README.md" && !contents.includes(page))).toEqual([]);
});
