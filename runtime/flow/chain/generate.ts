/**
 * Source code of a chain: one loop over a chunk's columns with every stage inlined, so that each user closure has one call
 * site of its own and V8 can inline it. For `map` → `filter` → `keyBy` over a stream without keys it reads
 *
 *   begin(length) { o0kLeft = new Array(length); o0vLeft = new Array(length); },
 *   run(keys, values, epoch) {
 *     const { length } = values, end = length;
 *     let at = 0, o0k = o0kLeft, o0v = o0vLeft, c2 = 0, o0n = 0;
 *     try {
 *       for (let i = 0; i < end; i++) {
 *         const v0 = values[i];
 *         at = 0; const v1 = f0(v0);
 *         at = 1; const b2 = f1(v1);
 *         if (b2 === true) {
 *           at = 2; const k3 = f2(v1); if (typeof k3 !== "string") notString(2, k3);
 *           o0k[o0n] = k3; o0v[o0n] = v1; o0n++;
 *         } else if (b2 === false) { c2++; } else notBoolean(1, b2);
 *         at = 0;
 *       }
 *     } catch (error) { fail(at, error); return false; }
 *     c2Left = c2; o0nLeft = o0n;
 *     return true;
 *   },
 *   end(keys, values) {
 *     m0.recordsIn += length; m0.recordsOut += length; …
 *     if (o0n > 0) { o0k.length = o0n; o0v.length = o0n; emit(0, o0k, o0v); }
 *   }
 *
 * `run` is the loop and nothing else, so that V8 has little to compile before it is fast; what is done once a chunk stands in functions
 * of its own. `at` names the failing stage without a try per call; that it is the same at the end of a record as at its beginning saves
 * carrying it around the loop. Names are numbers only: nothing of the user's text gets into the code. What is in parentheses V8
 * compiles at once, and does not parse twice.
 * A lazy batch is read by `make(i)` in the place of `values[i]`; what it throws has `at` -1. The sum in `first + 0` tells V8 that it
 * counts in integers.
 * A column that leaves as it came in (the values of a lone keyBy) is handed on, not copied. Others have room for the whole chunk, which
 * saves growing them; behind a flatMap they grow, since nobody knows how long they get.
 */
import { chunkLimit } from "../chunk.ts";
import { closeColumn, declareColumn, openColumn, placeOf } from "./column-code.ts";
import type { Batch } from "../lazy-batch.ts";
import type { Chain, Stage, Target } from "./stage.ts";

/** Stages that may make several records of one: how long columns get is not known before. */
const expanding: ReadonlySet<string> = new Set(["flatMap", "flatten", "flatMapValue"]);

/** A record at one point of the code: names of its variables. Pairs stay apart until a user's function needs the tuple. */
interface Shape {
  readonly key: string | undefined;
  readonly value: string;
  readonly pair: string | undefined;
  /** One output per input record so far, so that columns of the input can be handed on. */
  readonly dense: boolean;
  /** Expression for how many records came by here. */
  readonly count: string;
}

/** What the chain reads: a column of values, two columns, or a batch whose records it has to make. */
export type ChainForm = "plain" | "keyed" | "lazy";

/** What the code gives: to be called one after the other for each chunk, `end` only if `run` says true. */
export interface ChainCode {
  begin(length: number): void;
  run(keys: string[] | undefined, values: Batch, epoch: number): boolean;
  end(keys: string[] | undefined, values: Batch): void;
}

export function generate(chain: Chain, form: ChainForm): string {
  const keyed = form === "keyed";
  const lazy = form === "lazy";
  let names = 0;
  const counters: string[] = [];
  const tallies: string[] = [];
  const outlets: { readonly keys: string | undefined; readonly values: string; readonly pushes: boolean }[] = [];
  const expands = chain.stages.some(({ spec }) => expanding.has(spec.kind));

  function target(next: Target, shape: Shape): string {
    return "outlet" in next ? outlet(next.outlet, shape) : stage(next.stage, shape);
  }
  const targets = (next: readonly Target[], shape: Shape) => next.map((one) => target(one, shape)).join("\n");

  function outlet(index: number, { key, value, dense }: Shape): string {
    const sameKeys = dense && key === "k0";
    const sameValues = dense && value === "v0" && !lazy;
    const keys = key === undefined ? undefined : sameKeys ? "keys" : `o${index}k`;
    const values = sameValues ? "values" : `o${index}v`;
    outlets[index] = { keys, values, pushes: !sameValues };
    const place = expands ? "" : `o${index}n`;
    const put = (column: string, value: string) => (expands ? `${column}.push(${value}); ` : `${column}[${place}] = ${value}; `);
    const keyCode = key === undefined || sameKeys ? "" : put(`o${index}k`, key);
    const valueCode = sameValues ? "" : put(`o${index}v`, value);
    return `${keyCode}${valueCode}${expands || keyCode + valueCode === "" ? "" : `${place}++;`}`;
  }

  function counter(): string {
    const name = `c${++names}`;
    counters.push(name);
    return name;
  }

  /** For a step that lets some records pass: how many do, and what counts those that do not, unless the column counts those that do. */
  function passing(shape: Shape, into: readonly Target[]): [count: string, dropped: string | undefined] {
    const [only] = into;
    if (!expands && into.length === 1 && "outlet" in only!) return [`o${only.outlet}n`, undefined];
    const dropped = counter();
    return [`${shape.count} - ${dropped}`, dropped];
  }

  /** Names for the record as users see it: the tuple of a pair, built once per scope. */
  function item(shape: Shape): [code: string, shape: Shape, name: string] {
    if (shape.key === undefined) return ["", shape, shape.value];
    if (shape.pair !== undefined) return ["", shape, shape.pair];
    const pair = `p${++names}`;
    return [`const ${pair} = [${shape.key}, ${shape.value}]; `, { ...shape, pair }, pair];
  }
  function pair(shape: Shape, index: number): [code: string, shape: Shape, key: string, value: string] {
    if (shape.key !== undefined) return ["", shape, shape.key, shape.value];
    const [key, value] = [`k${++names}`, `v${names}`];
    const code = `checkPair(${shape.value}, ${index}); const ${key} = ${shape.value}[0], ${value} = ${shape.value}[1]; `;
    return [code, { ...shape, key, value, pair: shape.value }, key, value];
  }

  function stage({ index, spec, outputs }: Stage, shape: Shape): string {
    const f = `f${index}`;
    const at = `at = ${index}; `;
    const tally = (out: string) => tallies.push(`m${index}.recordsIn += ${shape.count}; m${index}.recordsOut += ${out};`);
    const next = (after: Shape, output = 0) => targets(outputs[output]!, after);
    const asItem = (value: string): Shape => ({ ...shape, key: undefined, value, pair: undefined });

    switch (spec.kind) {
      case "merge":
        tally(shape.count);
        return next(shape);
      case "map": {
        tally(shape.count);
        const [code, , name] = item(shape);
        const value = `v${++names}`;
        return `${at}${code}const ${value} = ${f}(${name});\n${next(asItem(value))}`;
      }
      case "mapValue": {
        tally(shape.count);
        const [code, after, , name] = pair(shape, index);
        const value = `v${++names}`;
        return `${at}${code}const ${value} = ${f}(${name});\n${next({ ...after, value, pair: undefined })}`;
      }
      case "filter":
      case "filterValue":
      case "branch": {
        const [code, after, name] = spec.kind === "filterValue" ? pick(pair(shape, index)) : item(shape);
        const value = `b${++names}`;
        const branches = spec.kind === "branch";
        const [trues, falses] = passing(shape, branches ? [] : outputs[0]!);
        tally(branches ? shape.count : trues);
        const passed = next({ ...after, dense: false, count: trues });
        const failed = branches ? next({ ...after, dense: false, count: falses! }, 1) : "";
        const head = `${at}${code}const ${value} = ${f}(${name});\nif (${value} === true) {\n`;
        return `${head}${passed}\n} else if (${value} === false) { ${increase(falses)}\n${failed}\n} else notBoolean(${index}, ${value});`;
      }
      case "filterMap":
      case "filterMapValue": {
        const [code, after, name] = spec.kind === "filterMapValue" ? pick(pair(shape, index)) : item(shape);
        const value = `v${++names}`;
        const [count, dropped] = passing(shape, outputs[0]!);
        tally(count);
        const kept: Shape = {
          ...(spec.kind === "filterMapValue" ? after : asItem(value)),
          value,
          pair: undefined,
          dense: false,
          count,
        };
        return `${at}${code}const ${value} = ${f}(${name});\nif (${value} !== undefined) {\n${next(kept)}\n}${dropped === undefined ? "" : ` else ${dropped}++;`}`;
      }
      case "flatMap":
      case "flatten":
      case "flatMapValue": {
        const [code, after, name] = spec.kind === "flatMapValue" ? pick(pair(shape, index)) : item(shape);
        const [list, value, count, j] = [`l${++names}`, `v${names}`, counter(), `j${names}`];
        tally(count);
        const called = spec.kind === "flatten" ? name : `${f}(${name})`;
        const each: Shape = {
          ...(spec.kind === "flatMapValue" ? after : asItem(value)),
          value,
          pair: undefined,
          dense: false,
          count,
        };
        const head = `${at}${code}let ${list} = ${called}; if (!Array.isArray(${list})) ${list} = list(${index}, ${list});\n${count} += ${list}.length;`;
        return `${head}\nfor (let ${j} = 0; ${j} < ${list}.length; ${j}++) { const ${value} = ${list}[${j}];\n${next(each)}\n}`;
      }
      case "keyBy": {
        tally(shape.count);
        const [code, , name] = item(shape);
        const key = `k${++names}`;
        const after: Shape = { ...shape, key, value: name, pair: undefined };
        return `${at}${code}const ${key} = ${f}(${name}); if (typeof ${key} !== "string") notString(${index}, ${key}, ${name});\n${next(after)}`;
      }
      case "unkey": {
        tally(shape.count);
        const [code, , , value] = pair(shape, index);
        return `${at}${code}${next(asItem(value))}`;
      }
      case "inspect":
      case "inspectDebug": {
        tally(shape.count);
        const [code, after, name] = item(shape);
        return `${at}${code}${f}(s${index}, ${name}${spec.kind === "inspectDebug" ? ", epoch, worker" : ""});\n${next(after)}`;
      }
      case "raises": {
        tally("0");
        const [code, , name] = item(shape);
        return `${at}${code}raised(${index}, ${name});`;
      }
      case "flatMapBatch":
        // The batch was already mapped: only a head can be one, and `values` is its result.
        tallies.push(`m${index}.recordsOut += length;`);
        return next(shape);
      default:
        return spec satisfies never;
    }
  }

  const root: Shape = { key: keyed ? "k0" : undefined, value: "v0", pair: undefined, dense: true, count: "length" };
  const body = stage(chain.stages[0]!, root);
  const columns = outlets.flatMap(({ keys, values }) =>
    [keys, values].filter((name) => name !== undefined && name.startsWith("o")),
  ) as string[];
  const places = expands ? [] : [...new Set(columns.map(placeOf))];
  const emits = outlets.map(({ keys, values }, index) => {
    const own = expands ? [] : columns.filter((name) => name === keys || name === values);
    const some = own.length === 0 ? `${values}.length > 0` : `${placeOf(own[0]!)} > 0`;
    return `if (${some}) { ${own.map(closeColumn).join(" ")} emit(${index}, ${keys}, ${values}); }`;
  });
  const cuts = outlets.map(({ keys, values, pushes }, index) => {
    if (!expands || !pushes || keys === "keys") return "";
    return `if (${values}.length >= ${chunkLimit}) { emit(${index}, ${keys}, ${values}); ${values} = [];${keys === undefined ? "" : ` ${keys} = [];`} }`;
  });
  const start = lazy ? "-1" : "0";
  const read = lazy ? "const v0 = make(i);" : "const v0 = values[i];";
  const loop = `for (let i = ${lazy ? "first + 0" : "0"}; i < end; i++) {\n${read}${keyed ? " const k0 = keys[i];" : ""}\n${body}\n${cuts.join("")}at = ${start};\n}`;
  const counts = [...counters, ...places];
  const left = [...counts, ...columns];
  const declare = (names: readonly string[], value: (name: string) => string) =>
    names.length === 0 ? "" : `let ${names.map((name) => `${name} = ${value(name)}`).join(", ")};`;
  return `${chain.stages.map(({ index }) => `const f${index} = calls[${index}], s${index} = steps[${index}], m${index} = metrics[${index}];`).join("\n")}
${declare(left, () => "0").replaceAll(" = ", "Left = ")}
${expands ? "" : columns.map(declareColumn).join("\n")}
return {
begin: (function begin(length) {
${columns.map((name) => `${name}Left = ${expands ? "[]" : openColumn(name)};`).join("\n")}
}),
run: (function run(keys, values, epoch) {
const { ${lazy ? "first, make, " : ""}length } = values, end = ${lazy ? "first + " : ""}length;
let at = ${start};
${declare(columns, (name) => `${name}Left`)}
${declare(counts, () => "0")}
try {
${
  // A lone merge has nothing to do for each record.
  body.trim() === "" ? "" : loop
}
} catch (error) { fail(at, error); return false; }
${left.map((name) => `${name}Left = ${name};`).join(" ")}
return true;
}),
end: (function end(keys, values) {
const { length } = values;
${declare(left, (name) => `${name}Left`)}
${tallies.join("\n")}
${emits.join("\n")}
${columns.map((name) => `${name}Left = undefined;`).join(" ")}
}),
};`;
}

const increase = (counter: string | undefined): string => (counter === undefined ? "" : `${counter}++;`);

/** The value of a pair, in the place of the item. */
function pick([code, shape, , value]: [string, Shape, string, string]): [string, Shape, string] {
  return [code, shape, value];
}
