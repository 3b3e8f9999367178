/**
 * Local aggregation in front of the exchange, for steps that may combine values before they meet their key's state. Where keys
 * hardly repeat, gathering only costs: records are then turned into partial results one by one, for a while.
 *
 * Rounds. What is gathered leaves together: when an epoch closes that takes a snapshot, at the latest, so that snapshots miss nothing.
 * Closes of other epochs it may wait for, since its steps give nothing before the end of the input, and each key that leaves costs as
 * much as several records that do not. So a round goes on for some epochs, whose records then all count to the last of them; but not
 * while nothing comes, so that who looks at the state of a quiet flow sees all of it. It ends early when there are many keys.
 *
 * Keys stay in the table from round to round; an entry has a partial result in the round that its mark names.
 */
import { chunkLimit, keyed, type Chunk } from "../chunk.ts";
import { generated } from "../generated.ts";
import type { Call } from "../graph/node.ts";
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkCapability, type ChunkScope, type ChunkStream } from "../operator.ts";
import { Entry } from "../state/entry.ts";
import { EntryMap } from "../state/entry-map.ts";
import { unshared } from "../unshared.ts";

/** Keys remembered at most, with and without a partial result. */
const keyLimit = 65_536;
/** Chunks that go by ungathered after a round in which fewer than half of the records were combined. */
const ungathered = 256;
/** Epochs that a round goes on for. */
const roundEpochs = 5;

/** With a reducer: reduces values. Without: counts records. */
export function preaggregate(
  lowering: Lowering,
  scope: ChunkScope,
  metrics: StepMetrics,
  reducer: Call | undefined,
  stream: ChunkStream,
): ChunkStream {
  const { epochs } = lowering.runtime;
  const spec = { name: `${metrics.step}.local`, inputs: [{ stream, pact: pipelined }], outputs: 1, notify: true };
  const [out] = chunkOperator(scope, spec, (_context, [input], [output]) => {
    let entries = new EntryMap();
    /** Those with a partial result in the round that is open: their mark says so. */
    let partials: Entry[] = [];
    let round = 1;
    let capability: ChunkCapability | undefined;
    /** Of the capability; and that in which the round began. */
    let epoch = 0;
    let began = 0;
    /** Of the round, and of those that have come since its epoch is `epoch`. */
    let records = 0;
    let recent = 0;
    let passing = 0;
    const found: (Entry | undefined)[] = [];

    const open = (key: string): Entry => {
      const known = entries.get(key);
      if (known !== undefined) return known;
      const entry = new Entry(unshared(key));
      entries.set(entry.key, entry);
      return entry;
    };
    /** Marks with the round, and gives the entries that had no such mark. */
    const gather = generated<(keys: string[], values: unknown[], found: readonly (Entry | undefined)[], round: number) => Entry[]>(
      { reducer, open },
      `return function gather(keys, values, found, round) {
  const begun = [];
  for (let i = 0; i < keys.length; i++) {
    const entry = found[i] ?? open(keys[i]);
    if (entry.mark === round) entry.state = ${reducer === undefined ? "entry.state + 1" : "reducer(entry.state, values[i])"};
    else {
      entry.mark = round;
      entry.state = ${reducer === undefined ? "1" : "values[i]"};
      begun.push(entry);
    }
  }
  return begun;
};`,
    );

    const give = (at: unknown, keys: string[], values: unknown[]): void => {
      output!.giveBatch(at as never, [{ keys, values }]);
    };
    const release = (): void => {
      const given = partials;
      const crowded = entries.size >= keyLimit;
      if (given.length * 2 > records) passing = ungathered;
      if (passing > 0 || crowded) entries = new EntryMap();
      for (let from = 0; from < given.length; from += chunkLimit) {
        const piece = given.slice(from, from + chunkLimit);
        give(
          capability,
          piece.map((entry) => entry.key),
          piece.map((entry) => entry.state),
        );
      }
      // A partial result may be large, and its key may not come again.
      for (const entry of given) entry.state = undefined;
      partials = [];
      records = recent = 0;
      round++;
      capability!.drop();
      capability = undefined;
    };
    /** Whether records of epochs `from` and `to` may be taken together. What is not known yet of an epoch may be that it takes a snapshot. */
    const together = (from: number, to: number): boolean => {
      if (to < from || to > epochs.current || to - began >= roundEpochs) return false;
      for (let closed = from; closed < to; closed++) if (epochs.takesSnapshot(closed)) return false;
      return true;
    };
    /** Epochs before `to` are closed. */
    const advance = (to: number): void => {
      if (recent === 0 || !together(epoch, to)) return release();
      capability!.downgrade(to);
      epoch = to;
      recent = 0;
    };
    const take = (at: { readonly time: number; retain(): ChunkCapability }, chunk: Chunk): void => {
      const { keys, values } = keyed(chunk, metrics.step);
      metrics.recordsIn += values.length;
      if (capability !== undefined && !together(epoch, at.time)) release();
      if (passing > 0 && capability === undefined) {
        passing--;
        return give(at, keys, reducer === undefined ? values.map(() => 1) : values);
      }
      if (capability === undefined) {
        capability = at.retain();
        began = epoch = at.time;
      }
      records += values.length;
      recent += values.length;
      entries.find(keys, found);
      const begun = gather(keys, values, found, round);
      for (let i = 0; i < begun.length; i++) partials.push(begun[i]!);
      if (entries.size >= keyLimit) release();
    };
    return lowering.guard(metrics, () => {
      input!.forEach((at, batch) => {
        for (const chunk of batch) take(at, chunk);
      });
      if (capability !== undefined && epoch < input!.frontierTime()) advance(input!.frontierTime());
    });
  });
  return out!;
}
