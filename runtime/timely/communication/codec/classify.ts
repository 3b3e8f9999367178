/**
 * What a column of values has in common. Looks at every value once, so that the plan made from the answer fits (unless an
 * object is not what its first sibling is, which the gatherer finds out).
 */
import { maximumArity } from "./format.ts";
import type { ColumnForm } from "./generated.ts";

export type Common =
  | { readonly kind: "integers" | "floats" | "strings" | "booleans" | "list" | "values" }
  | { readonly kind: "nullable" }
  | { readonly kind: "tuple"; readonly arity: number; readonly forms: readonly ColumnForm[] }
  | { readonly kind: "sparse"; readonly names: readonly string[] }
  | { readonly kind: "struct"; readonly names: readonly string[]; readonly forms: readonly ColumnForm[] };

const Seen = { integer: 1, float: 2, string: 4, boolean: 8, null: 16, array: 32, object: 64, other: 128 } as const;

const values: Common = { kind: "values" };
const list: Common = { kind: "list" };

/** More fields than this are a dictionary, not a record. */
const mostFields = 64;

/** `lists` says that arrays of this column have had differing lengths before. */
export function classify(items: ArrayLike<unknown>, count: number, lists: boolean): Common {
  const seen = kindsOf(items, count);
  switch (seen) {
    case Seen.integer:
      return { kind: "integers" };
    case Seen.float:
    case Seen.integer | Seen.float:
      return { kind: "floats" };
    case Seen.string:
      return { kind: "strings" };
    case Seen.boolean:
      return { kind: "booleans" };
    case Seen.array:
      return lists ? list : tupleOrList(items as ArrayLike<unknown[]>, count);
    case Seen.object:
      return struct(items as ArrayLike<Record<string, unknown>>, count);
    default:
      return (seen & Seen.null) !== 0 &&
        (seen & Seen.other) === 0 &&
        (oneBit(seen & ~Seen.null) || (seen & ~Seen.null) === (Seen.integer | Seen.float))
        ? { kind: "nullable" }
        : values;
  }
}

function oneBit(bits: number): boolean {
  return (bits & (bits - 1)) === 0;
}

function kindsOf(items: ArrayLike<unknown>, count: number): number {
  let seen = 0;
  for (let i = 0; i < count; i++) seen |= kindOf(items[i]);
  return seen;
}

function kindOf(value: unknown): number {
  switch (typeof value) {
    case "number": {
      const integer = value | 0;
      return integer === value && (integer !== 0 || 1 / value > 0) ? Seen.integer : Seen.float;
    }
    case "string":
      return Seen.string;
    case "boolean":
      return Seen.boolean;
    case "object":
      if (value === null) return Seen.null;
      if (Array.isArray(value)) return Seen.array;
      return Object.getPrototypeOf(value) === Object.prototype ? Seen.object : Seen.other;
    default:
      return Seen.other;
  }
}

/** Arrays of one length are tuples, unless it is one alone whose elements are all of a kind. */
function tupleOrList(items: ArrayLike<unknown[]>, count: number): Common {
  const arity = items[0]!.length;
  if (arity === 0 || arity > maximumArity) return list;
  for (let i = 1; i < count; i++) if (items[i]!.length !== arity) return list;
  const places = Array.from({ length: arity }, (_, place) => kindsAt(items, count, place));
  if (count === 1 && places.every((place) => place === places[0])) return list;
  return { kind: "tuple", arity, forms: places.map(formOf) };
}

function struct(items: ArrayLike<Record<string, unknown>>, count: number): Common {
  const names = namesOf(items[0]!);
  if (names.length === 0 || names.length > mostFields) return values;
  for (let i = 1; i < count; i++) if (!hasNames(items[i]!, names)) return sparse(items, count, names);
  return { kind: "struct", names, forms: names.map((name) => formOf(kindsAt(items, count, name))) };
}

/** Fields that are `undefined` are no fields. */
function namesOf(item: Record<string, unknown>): string[] {
  return Object.keys(item).filter((name) => item[name] !== undefined);
}

function hasNames(item: Record<string, unknown>, names: readonly string[]): boolean {
  let at = 0;
  for (const name in item) if (name !== names[at++] || item[name] === undefined) return false;
  return at === names.length;
}

/** All names in an order in which every item's own are in order too, or `values` where there is none. */
function sparse(items: ArrayLike<Record<string, unknown>>, count: number, first: readonly string[]): Common {
  const names = [...first];
  for (let i = 1; i < count; i++) {
    let at = 0;
    for (const name of namesOf(items[i]!)) {
      const found = names.indexOf(name, at);
      if (found < 0 && (names.includes(name) || names.length === mostFields)) return values;
      if (found < 0) names.splice(at++, 0, name);
      else at = found + 1;
    }
  }
  return names.includes("__proto__") ? values : { kind: "sparse", names };
}

function kindsAt(items: ArrayLike<unknown>, count: number, place: string | number): number {
  let seen = 0;
  for (let i = 0; i < count; i++) seen |= kindOf((items[i] as Record<string | number, unknown>)[place]);
  return seen;
}

function formOf(seen: number): ColumnForm {
  if (seen === Seen.integer) return "integer";
  return (seen & ~(Seen.integer | Seen.float)) === 0 ? "float" : "any";
}
