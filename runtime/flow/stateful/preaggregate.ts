/**
 * Local aggregation in front of the exchange, for steps that may combine values before they meet their key's state. What is
 * gathered leaves when its epoch closes, at the latest, so that snapshots miss nothing; and earlier when there are many keys.
 * Where keys hardly repeat, gathering only costs: records are then turned into partial results one by one, for a while.
 */
import { chunkRecords, keyed, type Chunk } from "../chunk.ts";
import { generated } from "../generated.ts";
import type { Call } from "../graph/node.ts";
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkCapability, type ChunkScope, type ChunkStream } from "../operator.ts";

/** Keys gathered at most. */
const keyLimit = 65_536;
/** Chunks that go by ungathered after a round in which fewer than half of the records were combined. */
const ungathered = 256;

interface Cell {
  value: unknown;
}

/** With a reducer: reduces values. Without: counts records. */
export function preaggregate(
  lowering: Lowering,
  scope: ChunkScope,
  metrics: StepMetrics,
  reducer: Call | undefined,
  stream: ChunkStream,
): ChunkStream {
  const spec = { name: `${metrics.step}.local`, inputs: [{ stream, pact: pipelined }], outputs: 1, notify: true };
  // A cell per key: a key that was seen before costs one look-up.
  const gather = generated<(into: Map<string, Cell>, keys: string[], values: unknown[]) => void>(
    { reducer },
    `return function gather(into, keys, values) {
  for (let i = 0; i < keys.length; i++) {
    const cell = into.get(keys[i]);
    if (cell === undefined) into.set(keys[i], { value: ${reducer === undefined ? "1" : "values[i]"} });
    else cell.value = ${reducer === undefined ? "cell.value + 1" : "reducer(cell.value, values[i])"};
  }
};`,
  );
  const [out] = chunkOperator(scope, spec, (_context, [input], [output]) => {
    interface Round {
      readonly capability: ChunkCapability;
      readonly partials: Map<string, Cell>;
      records: number;
    }
    const rounds = new Map<number, Round>();
    let passing = 0;

    const give = (at: unknown, keys: string[], values: unknown[]): void => {
      output!.giveBatch(at as never, [{ keys, values }]);
    };
    const release = (epoch: number, round: Round): void => {
      rounds.delete(epoch);
      if (round.partials.size * 2 > round.records) passing = ungathered;
      const keys = [...round.partials.keys()];
      const values = Array.from(round.partials.values(), (cell) => cell.value);
      for (let from = 0; from < keys.length; from += chunkRecords) {
        give(round.capability, keys.slice(from, from + chunkRecords), values.slice(from, from + chunkRecords));
      }
      round.capability.drop();
    };
    const take = (at: { readonly time: number; retain(): ChunkCapability }, chunk: Chunk): void => {
      const { keys, values } = keyed(chunk, metrics.step);
      metrics.recordsIn += values.length;
      let round = rounds.get(at.time);
      if (passing > 0 && round === undefined) {
        passing--;
        return give(at, keys, reducer === undefined ? values.map(() => 1) : values);
      }
      if (round === undefined) rounds.set(at.time, (round = { capability: at.retain(), partials: new Map(), records: 0 }));
      round.records += values.length;
      gather(round.partials, keys, values);
      if (round.partials.size >= keyLimit) release(at.time, round);
    };
    return lowering.guard(metrics, () => {
      input!.forEach((capability, batch) => {
        for (const chunk of batch) take(capability, chunk);
      });
      const frontier = input!.frontierTime();
      for (const [epoch, round] of rounds) if (epoch < frontier) release(epoch, round);
    });
  });
  return out!;
}
