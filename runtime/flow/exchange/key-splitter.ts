/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * Splits the columns of a chunk by the worker that each key goes to, and remembers keys, so that one that comes again is neither
 * written on the wire nor made and hashed once more by whoever receives it.
 *
 *   sender    slot of "ATL" → worker 1, id 0                              receiver, per sender
 *             slot of "ORD" → worker 1, id 1  ── fresh ["ATL", "ORD"] ──▶   ["ATL", "ORD"]
 *             slot of "SFO" → worker 0, id 0  ──     ids [0, 1, 0]    ──▶   "ATL" "ORD" "ATL", always the same string objects
 *
 * What stays on the worker goes the same way, without the wire: whoever has looked a key up need not do so again (`KnownKeys`).
 *
 * The table has one key per slot, by the key's hash: a Map would cost more than it saves. A key that finds another one in its slot
 * takes it over and gets a new id. Where keys hardly repeat, remembering only costs: they are then routed one by one for a while.
 *
 * The two sides agree because what one worker sends another arrives once and in order, and because both are made and end with
 * their dataflow. A chunk that starts from no ids (`base` 0) starts a round. Where a transport loses something before
 * the execution ends, the next chunk's round and base tell: no id is ever taken for another key. Invariant: an id fits 16 bits.
 */
import { invariant, WeirError } from "../../errors/index.ts";
import type { Chunk } from "../chunk.ts";
import { murmur3 } from "../hash.ts";
import { unshared } from "../unshared.ts";

/** A chunk behind an exchange whose keys are ids; `from` is the worker that sent it. */
export interface CodedChunk {
  readonly from: number;
  /** How often `from` has started anew. */
  readonly round: number;
  /** Keys that `from` had told this worker of before, in this round. */
  readonly base: number;
  /** Keys told of now; absent = none. */
  readonly fresh?: readonly string[];
  readonly ids: Uint16Array;
  readonly values: unknown[];
}

/** What a step that reads coded chunks may remember of their keys, in the place of looking them up. */
export interface KnownKeys {
  /** The id of each record's key. */
  readonly ids: Uint16Array;
  /** By id: what the step has put there, at first undefined. Ids are given anew in each round, and so is the array. */
  readonly memo: unknown[];
}

export type KeySplitter = (
  keys: readonly string[],
  values: readonly unknown[],
  send: (worker: number, piece: Chunk | CodedChunk) => void,
) => void;

const mostIds = 65_536;
const fewSlots = 4_096;
const mostSlots = 65_536;
/** Records that are routed one by one before keys are remembered again. */
const plainRecords = 2_097_152;
const nobody = 0xffff;

/** Of the records of the chunk at hand: the worker and its id of the key; and the records in the order of workers. */
let scratch = scratchFor(1024);
function scratchFor(records: number) {
  return {
    workers: new Uint16Array(records),
    ids: new Uint16Array(records),
    order: new Uint32Array(records),
  };
}

interface Table {
  readonly keys: string[];
  readonly workers: Uint16Array;
  readonly ids: Uint16Array;
}
function tableOf(slots: number): Table {
  return { keys: Array<string>(slots).fill(""), workers: new Uint16Array(slots).fill(nobody), ids: new Uint16Array(slots) };
}

/** `target` gives the same worker for a key each time. */
export function createKeySplitter(index: number, peers: number, target: (key: string) => number): KeySplitter {
  const counts = new Uint32Array(peers);
  const starts = new Uint32Array(peers);
  /** Ids given out, by worker, and the keys that its next chunk has to tell. */
  const given = new Uint32Array(peers);
  const fresh: string[][] = Array.from({ length: peers }, () => []);
  let table = tableOf(0);
  let round = 0;
  let asked = 0;
  let missed = 0;
  let plain = 0;
  /** Slots to be taken over when the chunk is done. */
  const takeovers: { readonly slot: number; readonly key: string; readonly worker: number; readonly id: number }[] = [];

  const forget = (slots: number): void => {
    table = tableOf(slots);
    round++;
    given.fill(0);
    asked = missed = 0;
  };
  /** Whether the next chunk's keys are looked up in the table. Called between chunks: nothing coded waits then. */
  const remembers = (records: number): boolean => {
    if (records > mostIds) return false;
    if (plain > 0) {
      plain -= records;
      return false;
    }
    const slots = table.keys.length;
    if (slots === 0) forget(fewSlots);
    else if (asked >= slots * 2) {
      if (slots < mostSlots && missed * 8 > asked) forget(mostSlots);
      else if (missed * 2 > asked) {
        plain = plainRecords;
        forget(0);
        return false;
      }
      asked = missed = 0;
    }
    if (given.some((ids) => ids + records > mostIds)) forget(table.keys.length);
    asked += records;
    return true;
  };

  /** Takes the slot, at once if it is free. */
  const learn = (slot: number, seen: string): { readonly worker: number; readonly id: number } => {
    missed++;
    const key = unshared(seen);
    const worker = target(key);
    const id = given[worker]!++;
    fresh[worker]!.push(key);
    const learnt = { slot, key, worker, id };
    if (table.workers[slot] === nobody) settle(learnt);
    else takeovers.push(learnt);
    return learnt;
  };
  const settle = ({ slot, key, worker, id }: (typeof takeovers)[number]): void => {
    table.keys[slot] = key;
    table.workers[slot] = worker;
    table.ids[slot] = id;
  };
  const placeByTable = (keys: readonly string[]): void => {
    const { workers, ids } = scratch;
    const { keys: known, workers: owners, ids: numbers } = table;
    const mask = known.length - 1;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const slot = murmur3(key) & mask;
      let worker = owners[slot]!;
      let id = numbers[slot]!;
      if (known[slot] !== key || worker === nobody) ({ worker, id } = learn(slot, key));
      workers[i] = worker;
      ids[i] = id;
      counts[worker]!++;
    }
  };
  const placeByTarget = (keys: readonly string[]): void => {
    const { workers } = scratch;
    for (let i = 0; i < keys.length; i++) {
      const worker = target(keys[i]!);
      workers[i] = worker;
      counts[worker]!++;
    }
  };
  /** Without branches on the worker, which no processor could foresee. */
  const putInOrder = (records: number): void => {
    const { workers, order } = scratch;
    let start = 0;
    for (let worker = 0; worker < peers; worker++) {
      starts[worker] = start;
      start += counts[worker]!;
    }
    for (let i = 0; i < records; i++) order[starts[workers[i]!]!++] = i;
  };
  const coded = (worker: number, from: number, to: number, column: readonly unknown[]): CodedChunk => {
    const { ids: numbers, order } = scratch;
    const ids = new Uint16Array(to - from);
    const values = new Array<unknown>(to - from);
    for (let at = from; at < to; at++) {
      const i = order[at]!;
      ids[at - from] = numbers[i]!;
      values[at - from] = column[i];
    }
    const told = fresh[worker]!;
    const base = given[worker]! - told.length;
    if (told.length === 0) return { from: index, round, base, ids, values };
    fresh[worker] = [];
    return { from: index, round, base, fresh: told, ids, values };
  };
  const uncoded = (from: number, to: number, names: readonly string[], column: readonly unknown[]): Chunk => {
    const { order } = scratch;
    const keys = new Array<string>(to - from);
    const values = new Array<unknown>(to - from);
    for (let at = from; at < to; at++) {
      const i = order[at]!;
      keys[at - from] = names[i]!;
      values[at - from] = column[i];
    }
    return { keys, values };
  };

  return (keys, values, send) => {
    if (scratch.order.length < keys.length) scratch = scratchFor(keys.length * 2);
    counts.fill(0);
    const known = remembers(keys.length);
    if (known) placeByTable(keys);
    else placeByTarget(keys);
    putInOrder(keys.length);
    for (let worker = 0, from = 0; worker < peers; worker++) {
      const to = from + counts[worker]!;
      if (to === from) continue;
      send(worker, known ? coded(worker, from, to, values) : uncoded(from, to, keys, values));
      from = to;
    }
    for (const one of takeovers.splice(0)) settle(one);
  };
}

/** Turns chunks with ids back into chunks with keys. Every chunk of an input has to pass, in the order of arrival. */
export function createKeyReader(peers: number): (chunk: Chunk) => Chunk {
  const known: string[][] = Array.from({ length: peers }, () => []);
  const memos: unknown[][] = Array.from({ length: peers }, () => []);
  const rounds = new Float64Array(peers);
  return (chunk) => {
    const { from, round, base, fresh, ids, values } = chunk as Chunk & Partial<CodedChunk>;
    if (ids === undefined) return chunk;
    if (base === 0) {
      known[from!] = [];
      memos[from!] = [];
      rounds[from!] = round!;
    }
    const names = known[from!]!;
    const memo = memos[from!]!;
    // The connection was cut and is up again: what was on it is lost, and the execution ends as soon as process 0 hears of it.
    if (names.length !== base || rounds[from!] !== round)
      throw new WeirError(
        "WEIR_PEER_LOST",
        `worker ${from} counts on ${base} keys of round ${round}, and ${names.length} of round ${rounds[from!]} are known: some of what it sent was lost`,
      );
    if (fresh !== undefined) {
      for (let i = 0; i < fresh.length; i++) {
        names.push(fresh[i]!);
        memo.push(undefined);
      }
    }
    const keys = new Array<string>(ids.length);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      invariant(id < names.length, "a key was named that nobody has told of");
      keys[i] = names[id]!;
    }
    return { keys, values, known: { ids, memo } };
  };
}
