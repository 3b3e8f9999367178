/** What a person who runs a flow gets wrong, and what is said about it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { checkout, type Ended } from "./bin.ts";

export const flows = {
  "good.ts": `import { Dataflow, stdoutSink } from "weir"; import { testSource } from "weir/testing";
    const flow = new Dataflow("good"); flow.input("in", testSource(["one", "two"])).output("out", stdoutSink()); export default flow;`,
  "syntax.ts": `import { Dataflow } from "weir";\nconst flow = new Dataflow("x"\nexport default flow;`,
  "throws.ts": `function connect(): never {\n  throw new TypeError("no configuration for 'orders'");\n}\nexport default connect();`,
  "factory.ts": `export default async function build(params) {\n  throw new Error("no topic in " + JSON.stringify(params));\n}`,
  "import.ts": `import gone from "./gone.ts"; export default gone;`,
  "none.ts": "export const answer = 42;",
  "named.ts": `import { Dataflow } from "weir"; const flow = new Dataflow("named"); export { flow as orders };`,
  "no-input.ts": `import { Dataflow } from "weir"; export default new Dataflow("hollow");`,
  "no-output.ts": `import { Dataflow } from "weir"; import { testSource } from "weir/testing"; const flow = new Dataflow("mute"); flow.input("in", testSource([1])); export default flow;`,
  "step.ts": `import { Dataflow } from "weir"; import { testSource, testSink } from "weir/testing"; const flow = new Dataflow("step");
function price(item: { price?: number }) {\n  return item.price!.toFixed(2);\n}
flow.input("in", testSource([{ price: 1 }, {}])).map("to-price", (item) => price(item)).output("out", testSink([])); export default flow;`,
  "unwritable.ts": `import { Dataflow, fileSink } from "weir"; import { testSource } from "weir/testing"; const flow = new Dataflow("unwritable");
flow.input("in", testSource(["a"])).keyBy("key", (item) => item).output("out", fileSink("/dev/null/out.txt")); export default flow;`,
};

export function writeFlows(directory: string): void {
  for (const [name, text] of Object.entries(flows)) writeFileSync(join(directory, name), text);
}

/** One message, and in it no line of ours. */
export function refused(ended: Ended, code: string, message: RegExp): void {
  expect({ ...ended, stderr: ended.stderr.trim() }).toEqual({
    status: 1,
    signal: null,
    stdout: "",
    stderr: expect.stringMatching(message),
  });
  expect(ended.stderr.match(/^(weir|error): /gm)).toHaveLength(1);
  if (code !== "") expect(ended.stderr).toMatch(new RegExp(`\\(${code}\\)\\n$`));
  for (const ours of ["runtime/", "cli/", "node_modules/", "node:internal", "Promise (<anonymous>)"])
    expect(ended.stderr).not.toContain(`${checkout}${ours}`);
  expect(ended.stderr).not.toMatch(/node:internal|<anonymous>\)/);
}

export interface Mistake {
  readonly what: string;
  readonly args: readonly string[];
  readonly code: string;
  readonly message: RegExp;
  readonly env?: Readonly<Record<string, string>>;
  /** One of its kind: shown in the innermost ring too. */
  readonly quick?: boolean;
}
const mistake = (what: string, args: readonly string[], code: string, message: RegExp, more: Partial<Mistake> = {}): Mistake => ({
  what,
  args,
  code,
  message,
  ...more,
});

export const mistakes: readonly Mistake[] = [
  mistake("a module that is not there", ["gone.ts"], "WEIR_MODULE_NOT_FOUND", /gone\.ts/),
  mistake("a module with a syntax error", ["syntax.ts"], "WEIR_MODULE_BROKEN", /syntax\.ts:3[^]*SyntaxError/, { quick: true }),
  mistake(
    "a module that throws",
    ["throws.ts"],
    "WEIR_MODULE_BROKEN",
    /no configuration for 'orders'\n[^]*at connect \(.*throws\.ts:2/,
    { quick: true },
  ),
  mistake(
    "a factory that throws",
    ["factory.ts", "--param", "a=b"],
    "WEIR_MODULE_BROKEN",
    /no topic in \{"a":"b"\}[^]*factory\.ts:2/,
  ),
  mistake("a module that imports what is not there", ["import.ts"], "WEIR_MODULE_BROKEN", /gone\.ts/),
  mistake("a module without a flow", ["none.ts"], "WEIR_MODULE_EXPORT", /"default": it exports none/),
  mistake("a flow under another name", ["named.ts"], "WEIR_MODULE_EXPORT", /it exports one as "orders"/),
  mistake("a flow without input", ["no-input.ts"], "WEIR_FLOW_NO_INPUT", /"hollow" has no input/, { quick: true }),
  mistake("a flow without output", ["no-output.ts"], "WEIR_FLOW_NO_OUTPUT", /"mute" has no output/),
  mistake("a step that throws", ["step.ts"], "WEIR_STEP_FAILED", /"to-price"[^]*at price \(.*step\.ts:3/),
  mistake(
    "a step that throws in one of two processes",
    ["step.ts", "-p", "2"],
    "WEIR_STEP_FAILED",
    /"to-price"[^]*at price \(.*step\.ts:3/,
    { quick: true },
  ),
  mistake("a step that throws in a thread", ["step.ts", "-w", "2"], "WEIR_STEP_FAILED", /"to-price"[^]*at price \(.*step\.ts:3/, {
    quick: true,
  }),
  mistake("an unwritable sink", ["unwritable.ts"], "WEIR_SINK_FAILED", /"out".*\/dev\/null\/out\.txt/, { quick: true }),
  mistake("an unknown store", ["good.ts", "-r", "ftp://host/x"], "WEIR_STORE_URL", /unknown store scheme "ftp:"/, { quick: true }),
  mistake("an unwritable store", ["good.ts", "-r", "file:///dev/null/x"], "WEIR_STORE_FAILED", /file:\/\/\/dev\/null\/x.*ENOTDIR/, {
    quick: true,
  }),
  mistake("a number that is none", ["good.ts", "-w", "zero"], "WEIR_USAGE", /--workers \(WEIR_THREADS\): "zero"/),
  mistake("too many", ["good.ts", "-p", "5000"], "WEIR_USAGE", /--processes/),
  mistake("an unknown flag", ["good.ts", "--fast"], "", /unknown option '--fast'/, { quick: true }),
  mistake("a flag of recovery without a store", ["good.ts", "--from-epoch", "3"], "WEIR_USAGE", /--from-epoch needs --recovery/),
  mistake("an index without addresses", ["good.ts", "-i", "0"], "WEIR_USAGE", /--index needs --addresses/),
  mistake("addresses without an index", ["good.ts", "-a", "a:1,b:2"], "WEIR_USAGE", /--addresses needs --index/),
  mistake(
    "more processes than addresses",
    ["good.ts", "-i", "0", "-a", "a:1,b:2", "-p", "3"],
    "WEIR_USAGE",
    /--processes.*"3".*1 to 2/,
  ),
  mistake("an address without a port", ["good.ts", "-i", "0", "-a", "a"], "WEIR_USAGE", /"a" is not host:port/),
  mistake("members without a token", ["good.ts", "-i", "0", "-a", "127.0.0.1:1"], "WEIR_USAGE", /WEIR_TOKEN/),
  mistake("a parameter without a value", ["good.ts", "--param", "a"], "WEIR_USAGE", /--param: "a" is not name=value/),
  mistake("a wrong variable of the environment", ["good.ts"], "WEIR_USAGE", /WEIR_EPOCH_MS\): "soon"/, {
    env: { WEIR_EPOCH_MS: "soon" },
  }),
];
/** With a port that another program has. */
export const portMistakes = (port: number): readonly Mistake[] => [
  mistake("a port in use", ["good.ts", "-w", "2", "--http-port", String(port)], "WEIR_PORT_IN_USE", /port \d+/, { quick: true }),
  mistake("a port in use, of the mesh", ["good.ts", "-i", "0", "-a", `127.0.0.1:${port}`], "WEIR_PORT_IN_USE", /port/, {
    env: { WEIR_TOKEN: "t" },
  }),
];
