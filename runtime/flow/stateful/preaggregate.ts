/**
 * Local aggregation in front of the exchange, for steps that may combine values before they meet their key's state. What is
 * gathered leaves when its epoch closes, at the latest, so that snapshots miss nothing; and earlier when there are many keys.
 * Where keys hardly repeat, gathering only costs: records are then turned into partial results one by one, for a while.
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

/** With a reducer: reduces values. Without: counts records. */
export function preaggregate(
  lowering: Lowering,
  scope: ChunkScope,
  metrics: StepMetrics,
  reducer: Call | undefined,
  stream: ChunkStream,
): ChunkStream {
  const spec = { name: `${metrics.step}.local`, inputs: [{ stream, pact: pipelined }], outputs: 1, notify: true };
  const [out] = chunkOperator(scope, spec, (_context, [input], [output]) => {
    let entries = new EntryMap();
    /** Those with a partial result in the round that is open: their mark says so. */
    let partials: Entry[] = [];
    let round = 1;
    let epoch = 0;
    let capability: ChunkCapability | undefined;
    let records = 0;
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
      records = 0;
      round++;
      capability!.drop();
      capability = undefined;
    };
    const take = (at: { readonly time: number; retain(): ChunkCapability }, chunk: Chunk): void => {
      const { keys, values } = keyed(chunk, metrics.step);
      metrics.recordsIn += values.length;
      // Epochs follow each other; where two are mixed for a moment, rounds are short.
      if (capability !== undefined && epoch !== at.time) release();
      if (passing > 0 && capability === undefined) {
        passing--;
        return give(at, keys, reducer === undefined ? values.map(() => 1) : values);
      }
      capability ??= at.retain();
      epoch = at.time;
      records += values.length;
      entries.find(keys, found);
      const begun = gather(keys, values, found, round);
      for (let i = 0; i < begun.length; i++) partials.push(begun[i]!);
      if (entries.size >= keyLimit) release();
    };
    return lowering.guard(metrics, () => {
      input!.forEach((at, batch) => {
        for (const chunk of batch) take(at, chunk);
      });
      if (capability !== undefined && epoch < input!.frontierTime()) release();
    });
  });
  return out!;
}
