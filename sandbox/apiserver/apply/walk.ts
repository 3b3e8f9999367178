// The four walks of structured-merge-diff over typed values: the fields of a value, the difference of two, one laid over
// another, and one without some of its fields. Invariant: none changes its arguments; results may share parts with them.

import { deepEqual, isObject, type Json, type JsonObject } from "../json.ts";
import type { Schema } from "../schema/schema.ts";
import { emptySet, insert, isEmpty, union, type FieldSet, type Path } from "./field-set.ts";
import { fieldElement, isField, itemElement, itemsByElement, itemType, memberType, shapeOf, type TypeRef } from "./typed.ts";

/** Every field that `value` gives an opinion on. */
export function fieldSetOf(schema: TypeRef, value: Json): FieldSet {
  const set = emptySet();
  collect(schema, value, [], set);
  return set;
}

function collect(schema: TypeRef, value: Json, path: Path, set: FieldSet): void {
  const shape = shapeOf(schema, value);
  if (shape === "leaf") return insert(set, path);
  if (shape === "list") {
    for (const item of value as Json[]) {
      const at = [...path, itemElement(schema!, item)];
      insert(set, at);
      if (isObject(item)) collect(itemType(schema), item, at, set);
    }
    return;
  }
  for (const [key, member] of Object.entries(value as JsonObject)) {
    if (member === undefined) continue;
    const at = [...path, fieldElement(key)];
    if (!isField(schema, key) || member === null || (isObject(member) && Object.keys(member).length === 0)) insert(set, at);
    collect(memberType(schema, key), member, at, set);
  }
}

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

export function compare(schema: TypeRef, before: Json, after: Json): Comparison {
  const found = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareAt(schema, before, after, [], found);
  return found;
}

const isBlank = (value: Json | undefined): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

function compareAt(schema: TypeRef, before: Json | undefined, after: Json | undefined, path: Path, found: Comparison): void {
  const shape = before === undefined || before === null ? shapeOf(schema, after) : shapeOf(schema, before);
  const otherShape = after === undefined || after === null ? shape : shapeOf(schema, after);
  const leaf = shape === "leaf" || otherShape !== shape || (isBlank(before) && isBlank(after));
  if (!leaf && shape === "list") {
    const left = itemsByElement(schema!, Array.isArray(before) ? before : []);
    const right = itemsByElement(schema!, Array.isArray(after) ? after : []);
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      compareAt(itemType(schema), left.get(element), right.get(element), [...path, element], found);
    }
  } else if (!leaf) {
    const left = isObject(before) ? before : {};
    const right = isObject(after) ? after : {};
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      if (left[key] === undefined && right[key] === undefined) continue;
      compareAt(memberType(schema, key), left[key], right[key], [...path, fieldElement(key)], found);
    }
  }
  if (before !== undefined && after !== undefined && otherShape !== shape) {
    // A value of another kind: what was inside is gone, what is inside is new.
    found.removed = union(found.removed, below(schema, before, path));
    found.added = union(found.added, below(schema, after, path));
  }
  if (before === undefined) insert(found.added, path);
  else if (after === undefined) insert(found.removed, path);
  else if (leaf && !deepEqual(before, after)) insert(found.modified, path);
}

function below(schema: TypeRef, value: Json, path: Path): FieldSet {
  const set = emptySet();
  if (shapeOf(schema, value) !== "leaf") collect(schema, value, path, set);
  return set;
}

/** `over` laid over `base`: its leaves win, what it does not mention stays. */
export function merge(schema: TypeRef, base: Json | undefined, over: Json | undefined): Json | undefined {
  if (over === undefined) return base;
  if (base === undefined || base === null || over === null) return over;
  const shape = shapeOf(schema, over);
  if (shape === "leaf" || shapeOf(schema, base) !== shape) return over;
  if (shape === "list") return mergeList(schema!, base as Json[], over as Json[]);
  const out: JsonObject = {};
  const left = base as JsonObject;
  const right = over as JsonObject;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const merged = merge(memberType(schema, key), left[key], right[key]);
    if (merged !== undefined) out[key] = merged;
  }
  return out;
}

/** Items of `over` in its order; items only in `base` keep their place relative to the shared ones before them. */
function mergeList(schema: Schema, base: Json[], over: Json[]): Json[] {
  const left = itemsByElement(schema, base);
  const right = itemsByElement(schema, over);
  const leftKeys = [...left.keys()];
  const rightKeys = [...right.keys()];
  const shared = rightKeys.filter((key) => left.has(key));
  const out: Json[] = [];
  const type = itemType(schema);
  let l = 0;
  let r = 0;
  let next = 0;
  while (l < leftKeys.length || r < rightKeys.length) {
    const leftKey = leftKeys[l];
    const rightKey = rightKeys[r];
    if (leftKey !== undefined && rightKey !== undefined) {
      if (leftKey === rightKey) {
        out.push(merge(type, left.get(leftKey), right.get(rightKey))!);
        l++;
        r++;
        next++;
        continue;
      }
      if (right.has(leftKey) && shared[next] !== undefined && shared[next] !== leftKey) {
        l++;
        continue;
      }
    }
    if (leftKey !== undefined) {
      if (!right.has(leftKey)) {
        out.push(left.get(leftKey)!);
        l++;
        continue;
      }
      if (rightKey === undefined) {
        l++;
        continue;
      }
    }
    out.push(merge(type, left.get(rightKey!), right.get(rightKey!))!);
    if (shared[next] === rightKey) next++;
    r++;
  }
  return out;
}

/** `value` without the members of `fields`. A map or list of which nothing is left becomes null, as in the real server. */
export function removeFields(schema: TypeRef, value: Json, fields: FieldSet): Json {
  if (isEmpty(fields)) return value;
  const shape = shapeOf(schema, value);
  if (shape === "leaf") return value;
  if (shape === "list") {
    const items: Json[] = [];
    for (const item of value as Json[]) {
      const element = itemElement(schema!, item);
      if (fields.members.has(element)) continue;
      const below = fields.children.get(element);
      items.push(below ? removeFields(itemType(schema), item, below) : item);
    }
    return items.length > 0 ? items : null;
  }
  const out: JsonObject = {};
  for (const [key, member] of Object.entries(value as JsonObject)) {
    const element = fieldElement(key);
    if (member === undefined || fields.members.has(element)) continue;
    const below = fields.children.get(element);
    out[key] = below ? removeFields(memberType(schema, key), member, below) : member;
  }
  return Object.keys(out).length > 0 ? out : null;
}

/** The set with every declared field on the way to a member made a member itself. */
export function withNamedFields(schema: TypeRef, set: FieldSet): FieldSet {
  const out: FieldSet = { members: new Set(set.members), children: new Map() };
  for (const [element, child] of set.children) {
    const key = element.slice(2);
    const named = element[0] === "f";
    if (named && isField(schema, key)) out.members.add(element);
    out.children.set(element, withNamedFields(named ? memberType(schema, key) : itemType(schema), child));
  }
  return out;
}
