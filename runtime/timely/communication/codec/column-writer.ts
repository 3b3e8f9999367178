/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * Writes columns. Each place in a nested shape is a slot that remembers how it was last written, like an inline cache: the
 * plan of the previous batch is tried first; when a value does not fit, the slot looks at the whole column again and plans
 * anew; what has nothing in common is written value by value, in that column alone.
 *
 *   records [["a", {x: 1}], …]   slot → tuple plan → slot → strings plan
 *                                                  → slot → struct plan → slot → integers plan
 *
 * Invariant: a plan that answers "no" has written nothing that stays: no value (it may have
 * defined a shape), and the slot takes back the bytes.
 */
import { classify, type Common } from "./classify.ts";
import { Layout } from "./format.ts";
import { generateGather, type ColumnForm, type GatheredColumn, type RecordShape } from "./generated.ts";
import { createFloatWriter, createIntegerWriter, putFloats, putIntegerColumn } from "./number-columns.ts";
import { putByte, putVarint, reserve, type Sink } from "./sink.ts";
import { sparsePlan } from "./sparse-columns.ts";
import { putLengths, putStrings } from "./strings.ts";
import { putString, putValue } from "./value-writer.ts";

/** No: the values do not fit. Once: they do, but another plan may suit the next batch better. */
export type Fit = "no" | "yes" | "once";
export type Plan = (sink: Sink, values: ArrayLike<unknown>, count: number, depth: number) => Fit;

export interface Slot {
  /** The plan that fitted last; undefined when that was none. */
  last: Plan | undefined;
  readonly plans: Map<string, Plan>;
  /** Values written so far, up to `warm`. */
  seen: number;
  /** Arrays of this column differ in length. */
  lists: boolean;
}

/** Fewer values than this are not worth a plan until the slot has seen `warm` of them. */
const fewValues = 8;
const warm = 64;
/** A slot that meets more shapes than this is not going to settle. */
const mostPlans = 16;
/** Columns nest as deep as the types of a program do; deeper is data (a tree, a cycle) and is walked as a value. */
const deepestColumn = 32;
/** Scratch columns larger than this are not kept. */
const keepScratch = 1 << 14;

export function createSlot(): Slot {
  return { last: undefined, plans: new Map(), seen: 0, lists: false };
}

export function putColumn(sink: Sink, slot: Slot, values: ArrayLike<unknown>, count: number, depth: number): void {
  const start = sink.at;
  if (count === 0) return putByte(sink, Layout.empty);
  if (slot.last !== undefined) {
    const fit = slot.last(sink, values, count, depth);
    if (fit === "once") slot.last = undefined;
    if (fit !== "no") return;
    sink.at = start;
  } else if (count < fewValues && slot.seen < warm) {
    slot.seen += count;
    return putValues(sink, values, count, depth);
  }
  const plan = depth > deepestColumn ? undefined : planFor(slot, values, count);
  if (plan !== undefined) {
    const fit = plan(sink, values, count, depth);
    if (fit !== "no") {
      slot.last = fit === "yes" ? plan : undefined;
      slot.seen = warm;
      return;
    }
    sink.at = start;
  }
  slot.last = undefined;
  slot.seen = warm;
  putValues(sink, values, count, depth);
}

function putValues(sink: Sink, values: ArrayLike<unknown>, count: number, depth: number): void {
  putByte(sink, Layout.values);
  for (let i = 0; i < count; i++) putValue(sink, values[i], depth);
}

function planFor(slot: Slot, values: ArrayLike<unknown>, count: number): Plan | undefined {
  const common = classify(values, count, slot.lists);
  if (common.kind === "values") return undefined;
  if (common.kind === "list" && slot.plans.size > 0) slot.lists = true;
  const key = keyOf(common);
  let plan = slot.plans.get(key);
  if (plan === undefined) {
    if (slot.plans.size >= mostPlans) return undefined;
    slot.plans.set(key, (plan = createPlan(common)));
  }
  return plan;
}

function keyOf(common: Common): string {
  if (common.kind === "tuple") return `${common.kind} ${common.forms.join()}`;
  if (common.kind === "struct") return `${common.kind} ${common.forms.join()} ${JSON.stringify(common.names)}`;
  return common.kind === "sparse" ? `sparse ${JSON.stringify(common.names)}` : common.kind;
}

function createPlan(common: Common): Plan {
  switch (common.kind) {
    case "integers":
      return createIntegerWriter();
    case "floats":
      return createFloatWriter();
    case "strings":
      return putStringColumn;
    case "booleans":
      return putBooleans;
    case "nullable":
      return nullablePlan();
    case "list":
      return listPlan();
    case "sparse":
      return sparsePlan(common.names, createSlot, putColumn);
    case "tuple":
      return recordPlan(Layout.tuple, common.arity, common.forms);
    case "struct":
      return recordPlan(Layout.struct, common.names, common.forms);
    case "values":
      return (sink, values, count, depth) => (putValues(sink, values, count, depth), "once");
  }
}

function putStringColumn(sink: Sink, values: ArrayLike<unknown>, count: number): Fit {
  if (typeof values[0] !== "string") return "no";
  putByte(sink, Layout.strings);
  return putStrings(sink, values, count) ? "yes" : "no";
}

function putBooleans(sink: Sink, values: ArrayLike<unknown>, count: number): Fit {
  putByte(sink, Layout.booleans);
  return putBitmap(sink, count, (i) => {
    const value = values[i];
    return value === true ? 1 : value === false ? 0 : -1;
  });
}

/** `bit` answers -1 for what is no bit. */
function putBitmap(sink: Sink, count: number, bit: (i: number) => number): Fit {
  reserve(sink, (count + 7) >>> 3);
  let byte = 0;
  for (let i = 0; i < count; i++) {
    const one = bit(i);
    if (one < 0) return "no";
    byte |= one << (i & 7);
    if ((i & 7) === 7) {
      sink.bytes[sink.at++] = byte;
      byte = 0;
    }
  }
  if ((count & 7) !== 0) sink.bytes[sink.at++] = byte;
  return "yes";
}

function nullablePlan(): Plan {
  const slot = createSlot();
  return (sink, values, count, depth) => {
    const present: unknown[] = [];
    for (let i = 0; i < count; i++) {
      const value = values[i];
      if (value === undefined) return "no";
      if (value !== null) present.push(value);
    }
    if (present.length === count) return "no";
    putByte(sink, Layout.nullable);
    putBitmap(sink, count, (i) => (values[i] === null ? 0 : 1));
    putColumn(sink, slot, present, present.length, depth + 1);
    return "yes";
  };
}

function listPlan(): Plan {
  const slot = createSlot();
  let lengths = new Uint32Array(64);
  return (sink, lists, count, depth) => {
    if (lengths.length < count) lengths = new Uint32Array(count * 2);
    let total = 0;
    let bits = 0;
    for (let i = 0; i < count; i++) {
      const one = lists[i];
      if (!Array.isArray(one)) return "no";
      lengths[i] = one.length;
      bits |= one.length;
      total += one.length;
    }
    putByte(sink, Layout.list);
    putLengths(sink, lengths, count, bits);
    putColumn(
      sink,
      slot,
      count === 1 ? (lists[0] as unknown[]) : joined(lists as ArrayLike<unknown[]>, count, total),
      total,
      depth + 1,
    );
    // Elements without a common shape: tuples would have one per place.
    return slot.last === undefined ? "once" : "yes";
  };
}

function joined(lists: ArrayLike<unknown[]>, count: number, total: number): unknown[] {
  const out = new Array<unknown>(total);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const one = lists[i]!;
    for (let j = 0; j < one.length; j++) out[at++] = one[j];
  }
  return out;
}

function recordPlan(layout: number, shape: RecordShape, forms: readonly ColumnForm[]): Plan {
  const gather = generateGather(shape, forms);
  const slots = forms.map(createSlot);
  let columns: GatheredColumn[] = [];
  let capacity = 0;
  // A value inside a record may come back to this plan while its columns are in use.
  let busy = false;
  return (sink, records, count, depth) => {
    if (busy) return "no";
    if (capacity < count) {
      capacity = Math.max(64, count + (count >>> 1));
      columns = forms.map((form) => columnOf(form, capacity));
    }
    busy = true;
    try {
      if (!gather(records, count, columns)) return "no";
      putByte(sink, layout);
      putNames(sink, shape);
      for (let i = 0; i < columns.length; i++) putGathered(sink, slots[i]!, columns[i]!, count, depth + 1);
    } finally {
      busy = false;
      release();
    }
    return "yes";
  };

  /** The scratch columns must not keep the batch alive. */
  function release(): void {
    if (capacity > keepScratch) {
      columns = [];
      capacity = 0;
      return;
    }
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      if (Array.isArray(column)) column.fill(undefined);
    }
  }
}

function putNames(sink: Sink, shape: RecordShape): void {
  if (typeof shape === "number") return putVarint(sink, shape);
  putVarint(sink, shape.length);
  for (let i = 0; i < shape.length; i++) putString(sink, shape[i]!);
}

function putGathered(sink: Sink, slot: Slot, column: GatheredColumn, count: number, depth: number): void {
  if (column instanceof Int32Array) putIntegerColumn(sink, column, count);
  else if (column instanceof Float64Array) putFloats(sink, column, count);
  else putColumn(sink, slot, column, count, depth);
}

function columnOf(form: ColumnForm, capacity: number): GatheredColumn {
  if (form === "float") return new Float64Array(capacity);
  return form === "integer" ? new Int32Array(capacity) : new Array<unknown>(capacity).fill(undefined);
}
