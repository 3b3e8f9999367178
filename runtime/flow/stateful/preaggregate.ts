/**
 * Local aggregation in front of the exchange, for steps that may combine values before they meet their key's state. Counts are gathered
 * on a lone worker, too: a column takes them faster than the entries of a step that is ready for anything. Where keys hardly repeat,
 * gathering only costs: records are then turned into partial results one by one, for a while.
 *
 * Rounds. What is gathered leaves together: when an epoch closes that takes a snapshot, at the latest, so that snapshots miss nothing.
 * Closes of other epochs it may wait for, since its steps give nothing before the end of the input, and each key that leaves costs as
 * much as several records that do not. So a round goes on for some epochs, whose records then all count to the last of them; but not
 * while nothing comes, so that who looks at the state of a quiet flow sees all of it. It ends early when there are many keys.
 *
 * Keys stay in the table from round to round.
 */
import { chunkLimit, keyed, type Chunk } from "../chunk.ts";
import type { Call } from "../graph/node.ts";
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkCapability, type ChunkScope, type ChunkStream } from "../operator.ts";
import { KeyTable } from "../state/key-table.ts";
import { unshared } from "../unshared.ts";
import { countPartials, type Partials, reducePartials } from "./partials.ts";

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
  const open = (): Partials => (reducer === undefined ? countPartials() : reducePartials(reducer));
  const spec = { name: `${metrics.step}.local`, inputs: [{ stream, pact: pipelined }], outputs: 1, notify: true };
  const [out] = chunkOperator(scope, spec, (_context, [input], [output]) => {
    let table = new KeyTable(unshared);
    let partials = open();
    let capability: ChunkCapability | undefined;
    /** Of the capability; and that in which the round began. */
    let epoch = 0;
    let began = 0;
    /** Of the round, and of those that have come since its epoch is `epoch`. */
    let records = 0;
    let recent = 0;
    let passing = 0;

    const give = (at: unknown, keys: string[], values: unknown[]): void => {
      output!.giveBatch(at as never, [{ keys, values }]);
    };
    const release = (): void => {
      const { begun } = partials;
      const crowded = table.size >= keyLimit;
      if (begun.length * 2 > records) passing = ungathered;
      for (let from = 0; from < begun.length; from += chunkLimit) {
        const piece = begun.slice(from, from + chunkLimit);
        give(
          capability,
          piece.map((number) => table.keys[number]!),
          piece.map((number) => partials.of(number)),
        );
      }
      if (passing > 0 || crowded) {
        table = new KeyTable(unshared);
        partials = open();
      } else partials.clear();
      records = recent = 0;
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
      const numbers = table.number(keys);
      partials.gather(numbers, values, table.size);
      if (table.size >= keyLimit) release();
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
