// Sets of field paths, as managedFields records them (structured-merge-diff's fieldpath.Set).
// A path is a list of elements written as in fieldsV1: `f:name`, `k:{"name":"x"}`, `v:"x"`, `i:0`. A node holds the elements
// that are members themselves and, apart from that, the children below an element.
// Invariant: functions make new sets; only `insert` changes one. A node without members and children is never kept as a child.

import { isObject, type JsonObject } from "../json.ts";

export interface FieldSet {
  members: Set<string>;
  children: Map<string, FieldSet>;
}

export type Path = readonly string[];

export function emptySet(): FieldSet {
  return { members: new Set(), children: new Map() };
}

export function isEmpty(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0;
}

export function setOf(...paths: Path[]): FieldSet {
  const set = emptySet();
  for (const path of paths) insert(set, path);
  return set;
}

export function insert(set: FieldSet, path: Path): void {
  if (path.length === 0) return;
  let node = set;
  for (const element of path.slice(0, -1)) {
    let child = node.children.get(element);
    if (!child) node.children.set(element, (child = emptySet()));
    node = child;
  }
  node.members.add(path.at(-1)!);
}

export function hasPath(set: FieldSet, path: Path): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return false;
  if (rest.length === 0) return set.members.has(first);
  const child = set.children.get(first);
  return child !== undefined && hasPath(child, rest);
}

function combine(
  a: FieldSet,
  b: FieldSet,
  keep: (inA: boolean, inB: boolean) => boolean,
  below: (a: FieldSet | undefined, b: FieldSet | undefined) => FieldSet | undefined,
): FieldSet {
  const out = emptySet();
  for (const element of new Set([...a.members, ...b.members]))
    if (keep(a.members.has(element), b.members.has(element))) out.members.add(element);
  for (const element of new Set([...a.children.keys(), ...b.children.keys()])) {
    const child = below(a.children.get(element), b.children.get(element));
    if (child && !isEmpty(child)) out.children.set(element, child);
  }
  return out;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  return combine(
    a,
    b,
    () => true,
    (x, y) => (x && y ? union(x, y) : (x ?? y)),
  );
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combine(
    a,
    b,
    (x, y) => x && y,
    (x, y) => (x && y ? intersection(x, y) : undefined),
  );
}

/** The paths of `a` that are not paths of `b`; what is below a path of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return combine(
    a,
    b,
    (x, y) => x && !y,
    (x, y) => (x && y ? difference(x, y) : x),
  );
}

/** The paths of `a` that are neither in `b` nor below a path of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  const out = emptySet();
  for (const element of a.members) if (!b.members.has(element)) out.members.add(element);
  for (const [element, child] of a.children) {
    if (b.members.has(element)) continue;
    const other = b.children.get(element);
    const rest = other ? recursiveDifference(child, other) : child;
    if (!isEmpty(rest)) out.children.set(element, rest);
  }
  return out;
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a.members.size !== b.members.size || a.children.size !== b.children.size) return false;
  for (const element of a.members) if (!b.members.has(element)) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (!other || !sameSet(child, other)) return false;
  }
  return true;
}

/** All member paths: of each node its members first, then what is below, each in the order of fieldsV1. */
export function pathsOf(set: FieldSet, prefix: Path = []): Path[] {
  const elements = sorted(set);
  const own = elements.filter((element) => set.members.has(element)).map((element) => [...prefix, element]);
  const below = elements.flatMap((element) => {
    const child = set.children.get(element);
    return child ? pathsOf(child, [...prefix, element]) : [];
  });
  return [...own, ...below];
}

const rank = (element: string): number => "fkvi".indexOf(element[0]!);

function sorted(set: FieldSet): string[] {
  const elements = [...new Set([...set.members, ...set.children.keys()])];
  return elements.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}

export function toFieldsV1(set: FieldSet): JsonObject {
  const out: JsonObject = {};
  for (const element of sorted(set)) {
    const child = set.children.get(element);
    const below = child ? toFieldsV1(child) : {};
    out[element] = child && set.members.has(element) ? { ".": {}, ...below } : below;
  }
  return out;
}

/** Throws a plain Error when an element is not one of `f: k: v: i:`. */
export function fromFieldsV1(fields: JsonObject): FieldSet {
  const set = emptySet();
  for (const [element, below] of Object.entries(fields)) {
    if (element === ".") continue;
    if (element[1] !== ":" || rank(element) < 0) throw new Error(`unrecognized key ${JSON.stringify(element)}`);
    const child = isObject(below) ? below : {};
    const keys = Object.keys(child);
    if (keys.length === 0 || "." in child) set.members.add(element);
    if (keys.some((key) => key !== ".")) set.children.set(element, fromFieldsV1(child));
  }
  return set;
}

/** A path as conflict messages show it: `.spec.containers[name="a"].image`. */
export function pathText(path: Path): string {
  let text = "";
  for (const element of path) {
    const body = element.slice(2);
    if (element[0] === "f") text += `.${body}`;
    else if (element[0] === "k") {
      const pairs = Object.entries(JSON.parse(body) as JsonObject).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      text += `[${pairs.join(",")}]`;
    } else if (element[0] === "v") text += `[=${body}]`;
    else text += `[${body}]`;
  }
  return text;
}
