/** Reads sources as an input step does, and takes them up again wherever that is possible. */
import { expect } from "vitest";
import type { PartitionedSource, SourcePart } from "../../runtime/flow/source.ts";

export interface ManualClock {
  now: number;
}
export const context = (clock: ManualClock) => ({ now: () => clock.now });

/** Batches until the part ends, or `limit` of them. Empty batches are left out. */
export async function batchesOf<T>(part: SourcePart<T, any>, limit = Infinity): Promise<T[][]> {
  const batches: T[][] = [];
  for (let empty = 0; batches.length < limit;) {
    const batch = await part.nextBatch();
    if (batch === null) break;
    const items = [...batch];
    if (items.length > 0) batches.push(items);
    else if (++empty > 10_000) throw new Error("the part gives empty batches for ever");
  }
  return batches;
}

export async function readPart<T>(source: PartitionedSource<T, any>, name?: string): Promise<T[]> {
  const part = await source.buildPart(name ?? [...(await source.listParts())][0]!, undefined);
  const items = (await batchesOf(part)).flat();
  await part.close?.();
  return items;
}

/** A resume at every batch's end, through an encoding of the position, gives the rest of the very same sequence. */
export async function expectResumable<T>(source: PartitionedSource<T, any>, name: string): Promise<T[]> {
  const whole = await source.buildPart(name, undefined);
  const positions: string[] = [JSON.stringify(whole.snapshot())];
  const counts: number[] = [0];
  const all: T[] = [];
  for (;;) {
    const batch = await whole.nextBatch();
    if (batch === null) break;
    all.push(...batch);
    positions.push(JSON.stringify(whole.snapshot()));
    counts.push(all.length);
  }
  await whole.close?.();
  for (const [i, position] of positions.entries()) {
    const part = await source.buildPart(name, JSON.parse(position));
    expect((await batchesOf(part)).flat()).toEqual(all.slice(counts[i]));
    await part.close?.();
  }
  return all;
}

/** As another user than root, whom no permission stops. */
export async function withoutPrivileges<R>(body: () => R | Promise<R>): Promise<R> {
  if (process.geteuid!() !== 0) return body();
  process.seteuid!(65_534);
  try {
    return await body();
  } finally {
    process.seteuid!(0);
  }
}
