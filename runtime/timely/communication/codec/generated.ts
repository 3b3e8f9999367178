/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * Code generated per shape: taking records apart into columns and putting them together again. Each shape gets functions
 * of its own, so that their loops see one hidden class each and stay monomorphic. Names enter the source only as
 * JSON strings; `__proto__` is an own property like any other.
 *
 * A gatherer returns false as soon as a record does not have exactly its shape; what it has filled by then is rubbish.
 */

/** How a gathered column is kept: plain array, Float64Array, Int32Array. */
export type ColumnForm = "any" | "float" | "integer";
export type GatheredColumn = unknown[] | Float64Array | Int32Array;
export type Gather = (records: ArrayLike<unknown>, count: number, columns: readonly GatheredColumn[]) => boolean;

/** The names of a struct, or the arity of a tuple. */
export type RecordShape = readonly string[] | number;

export function generateGather(shape: RecordShape, forms: readonly ColumnForm[]): Gather {
  const reads = forms.map((form, i) => {
    const value = typeof shape === "number" ? `record[${i}]` : `record[${JSON.stringify(shape[i])}]`;
    return `const value${i} = ${value};\n${checkAndStore(form, i, typeof shape === "number")}`;
  });
  return new Function(
    "names",
    `"use strict";
const plain = Object.prototype;
return function gather(records, count, columns) {
  ${forms.map((_, i) => `const column${i} = columns[${i}];`).join(" ")}
  for (let i = 0; i < count; i++) {
    const record = records[i];
    ${typeof shape === "number" ? checkTuple(shape) : checkStruct(shape.length)}
    ${reads.join("\n    ")}
  }
  return true;
};`,
  )(shape) as Gather;
}

function checkTuple(arity: number): string {
  return `if (!Array.isArray(record) || record.length !== ${arity}) return false;`;
}

/** Exactly these names, own and in this order. An inherited enumerable name (a polluted prototype) fits no struct. */
function checkStruct(fields: number): string {
  return `if (typeof record !== "object" || record === null || Object.getPrototypeOf(record) !== plain) return false;
    let field = 0;
    for (const name in record) if (name !== names[field++]) return false;
    if (field !== ${fields}) return false;`;
}

function checkAndStore(form: ColumnForm, i: number, tuple: boolean): string {
  if (form === "any") return `${tuple ? "" : `if (value${i} === undefined) return false; `}column${i}[i] = value${i};`;
  if (form === "float") return `if (typeof value${i} !== "number") return false; column${i}[i] = value${i};`;
  return `if (typeof value${i} !== "number") return false;
    const integer${i} = value${i} | 0;
    if (integer${i} !== value${i} || (integer${i} === 0 && 1 / value${i} < 0)) return false;
    column${i}[i] = integer${i};`;
}

export type DecodedColumn = unknown[] | Int8Array | Int16Array | Int32Array | Float64Array;
export type Zip = (count: number, columns: readonly DecodedColumn[]) => unknown[];

/** The forms of the columns are part of the key, so that each zip sees one element type per column. */
const zips = new Map<string, Zip>();
/** Frames decide which shapes there are; a stranger's frames must not fill the memory with functions. */
const mostZips = 2048;

/** Reads the values of an object in order, straight into a literal with these names. */
export type ObjectTaker<S> = (source: S, depth: number) => object;
const takers = new Map<string, ObjectTaker<never>>();

export function objectTaker<S>(names: readonly string[], take: (source: S, depth: number) => unknown): ObjectTaker<S> {
  const key = JSON.stringify(names);
  let taker = takers.get(key) as ObjectTaker<S> | undefined;
  if (taker === undefined) {
    if (takers.size >= mostZips) takers.clear();
    const fields = names.map((name) => `${property(name)}: take(source, depth)`).join(", ");
    taker = new Function("take", `"use strict"; return function takeObject(source, depth) { return { ${fields} }; };`)(
      take,
    ) as ObjectTaker<S>;
    takers.set(key, taker);
  }
  return taker;
}

export function zipOf(shape: RecordShape, columns: readonly DecodedColumn[]): Zip {
  let key = "";
  for (let i = 0; i < columns.length; i++) key += formOf(columns[i]!);
  key += typeof shape === "number" ? "" : JSON.stringify(shape);
  let zip = zips.get(key);
  if (zip === undefined) {
    if (zips.size >= mostZips) zips.clear();
    zips.set(key, (zip = generateZip(shape)));
  }
  return zip;
}

/** Bits that say which records have a field; undefined = all. */
export type Presence = Uint8Array | undefined;
type SparseZip = (count: number, columns: readonly DecodedColumn[], presences: readonly Presence[]) => unknown[];
const sparseZips = new Map<string, SparseZip>();

/** Puts together objects that lack some of their fields. `names` has no "__proto__". */
export function generateSparse(
  names: readonly string[],
  presences: readonly Presence[],
  columns: readonly DecodedColumn[],
): SparseZip {
  let key = "";
  for (let i = 0; i < columns.length; i++) key += (presences[i] === undefined ? "." : "?") + formOf(columns[i]!);
  key += JSON.stringify(names);
  let zip = sparseZips.get(key);
  if (zip !== undefined) return zip;
  const fields = names.map((name, i) => {
    const store = `record[${JSON.stringify(name)}] = column${i}`;
    return presences[i] === undefined ? `${store}[i];` : `if ((bits${i}[i >>> 3] >>> (i & 7)) & 1) ${store}[next${i}++];`;
  });
  zip = new Function(
    `"use strict";
return function zipSparse(count, columns, presences) {
  ${names.map((_, i) => `const column${i} = columns[${i}], bits${i} = presences[${i}]; let next${i} = 0;`).join("\n  ")}
  const out = new Array(count);
  for (let i = 0; i < count; i++) {
    const record = {};
    ${fields.join("\n    ")}
    out[i] = record;
  }
  return out;
};`,
  )() as SparseZip;
  if (sparseZips.size >= mostZips) sparseZips.clear();
  sparseZips.set(key, zip);
  return zip;
}

function formOf(column: DecodedColumn): string {
  if (Array.isArray(column)) return "a";
  return column instanceof Float64Array ? "f" : column instanceof Int32Array ? "i" : column instanceof Int16Array ? "s" : "b";
}

function generateZip(shape: RecordShape): Zip {
  const arity = typeof shape === "number" ? shape : shape.length;
  const reads = Array.from({ length: arity }, (_, i) => `column${i}[i]`);
  const record =
    typeof shape === "number"
      ? `[${reads.join(", ")}]`
      : `{ ${shape.map((name, i) => `${property(name)}: ${reads[i]}`).join(", ")} }`;
  return new Function(
    `"use strict";
return function zip(count, columns) {
  ${reads.map((_, i) => `const column${i} = columns[${i}];`).join(" ")}
  const out = new Array(count);
  for (let i = 0; i < count; i++) out[i] = ${record};
  return out;
};`,
  )() as Zip;
}

function property(name: string): string {
  return name === "__proto__" ? `["__proto__"]` : JSON.stringify(name);
}
