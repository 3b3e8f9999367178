/**
 * An input step on one worker: reads its parts in turn, a few batches of each per run, and sends at the current epoch.
 *
 * A tick closes the epoch: before anything else is read, the positions are recorded if the epoch takes a snapshot (or the
 * input ends, or the flow drains) and the capability moves on. Nothing of the new epoch can be in those positions.
 * Reading stops while the worker is congested, while stateful steps keep back too much, and while the clock holds the epoch.
 */
import { createChainRunner, outletsOf } from "../chain/runner.ts";
import { nameOf } from "../chain/operator.ts";
import type { Chain } from "../chain/stage.ts";
import type { Chunk } from "../chunk.ts";
import { stepError } from "../failure.ts";
import type { Lowering } from "../lowering.ts";
import { heldLimit } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, type ChunkContext, type ChunkScope, type ChunkStream } from "../operator.ts";
import type { SourceReader } from "../runtime.ts";
import type { Source } from "../source.ts";
import { createBurst } from "./burst.ts";
import { gatherChunks, gatherThroughChain } from "./gather.ts";
import { pauseAfter } from "./pause.ts";
import { isPromise, readPart, type PartReader } from "./part-reader.ts";

/** Bytes of this source's records that may wait in front of this worker's operators, about; the worker bounds their number, too. */
const queuedBytesLimit = 32 << 20;

/** For status: what fails when it is asked does not stop the flow. */
function troubleOf(part: PartReader): string | undefined {
  try {
    return part.trouble();
  } catch (error) {
    return `it cannot say what it waits for: ${String(error)}`;
  }
}

/**
 * @param chain what alone reads the input: it becomes part of the operator
 * @returns the input's stream, or those of the chain's outlets
 */
export function inputOperator(
  lowering: Lowering,
  scope: ChunkScope,
  metrics: StepMetrics,
  source: Source<unknown>,
  chain: Chain | undefined,
): ChunkStream[] {
  const { runtime } = lowering;
  const { epochs, recorder, sources } = runtime;
  const { step } = metrics;
  const parts: PartReader[] = [];
  const ended = new Set<PartReader>();
  /** Positions in snapshots that are not committed yet, in the order of their epochs. */
  const recorded: { readonly epoch: number; readonly part: PartReader; readonly position: unknown }[] = [];
  let context: ChunkContext | undefined;
  /** No more parts will come: the capability is dropped at the next tick. */
  let over = false;

  const wake = () => context?.activate();
  const fail = (error: unknown) => lowering.fail(stepError(error, step, "WEIR_SOURCE_FAILED"));
  const add = (name: string, build: () => unknown) => {
    const keeps = recorder.enabled && source.kind === "partitioned";
    try {
      parts.push(readPart({ name, step, recorded: keeps, wake, fail }, build as never));
    } catch (error) {
      fail(error);
    }
    wake();
  };
  const reader: SourceReader = {
    add: (part, resume, appeared = false) =>
      add(part, () => (source.kind === "partitioned" ? source.buildPart(part, resume, { now: runtime.now, appeared }) : undefined)),
    committed(epoch) {
      for (; recorded.length > 0 && recorded[0]!.epoch <= epoch; recorded.shift()) {
        const { part, position } = recorded[0]!;
        try {
          part.committed(position);
        } catch (error) {
          fail(error);
        }
      }
    },
    end() {
      over = true;
      wake();
    },
    async lag(enough) {
      const lags = new Map<string, number>();
      const asked = parts.map(async (part) => {
        const lag = await part.lag();
        if (lag !== undefined) lags.set(part.name, lag);
      });
      // One that cannot tell now, or not soon, does not stop the flow, and keeps no other from telling.
      await Promise.race([Promise.allSettled(asked), enough]);
      return new Map(lags);
    },
    troubles() {
      const troubles = new Map<string, string>();
      for (const part of parts) {
        const trouble = troubleOf(part);
        if (trouble !== undefined) troubles.set(part.name, trouble);
      }
      return troubles;
    },
  };
  sources.attach(step, reader);
  if (source.kind === "dynamic") add(`worker-${scope.index}`, () => source.build(scope.index, scope.peers));
  epochs.onTick(wake);
  const close = (part: PartReader) => {
    try {
      const closing = part.close();
      if (isPromise(closing)) closing.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
  lowering.onDispose(() => parts.filter((part) => !ended.has(part)).forEach(close));

  const spec =
    chain === undefined
      ? { name: step, inputs: [], outputs: 1, initial: true }
      : { name: `${step}+${nameOf(chain)}`, inputs: [], outputs: outletsOf(chain), initial: true };
  return chunkOperator(scope, spec, (given, _inputs, outputs) => {
    context = given;
    const capabilities = given.initial;
    let done = false;
    let armed = Infinity;
    let coolUntil = -Infinity;
    let ticked = -1;

    const record = (epoch: number): void => {
      if (!recorder.enabled) return;
      for (const part of parts) {
        const position = part.takePosition();
        if (position === undefined) continue;
        recorder.part(step, epoch, part.name, position.value);
        if (part.told) recorded.push({ epoch, part, position: position.value });
      }
    };
    /** Closes epochs up to the current one; false while a part's position is not known yet. */
    const advance = (): boolean => {
      const { current } = epochs;
      const from = capabilities[0]!.time as number;
      if (current === from && !(over && epochs.draining)) return true;
      let snapshot = over || epochs.draining ? Math.max(from, current - 1) : undefined;
      for (let epoch = current - 1; epoch >= from && recorder.enabled; epoch--) if (epochs.takesSnapshot(epoch)) snapshot = epoch;
      if (snapshot !== undefined) {
        if (recorder.enabled && parts.some((part) => !part.positionKnown)) return false;
        record(snapshot);
      }
      if (over || epochs.draining) {
        done = true;
        for (const capability of capabilities) capability.drop();
      } else for (const capability of capabilities) capability.downgrade(current);
      return true;
    };
    const finishPart = (part: PartReader): void => {
      ended.add(part);
      close(part);
      sources.partEnded(step, part.name);
    };
    const gather =
      chain === undefined
        ? gatherChunks()
        : gatherThroughChain(metrics, (onEmit) => createChainRunner(lowering, scope.index, chain, step, onEmit));
    /** Read in this run. */
    let read = 0;
    const burst = createBurst();
    const full = (): boolean =>
      runtime.worker.congested() ||
      lowering.held > heldLimit ||
      (runtime.worker.queuedRecords() + gather.records + lowering.held) * gather.recordBytes > queuedBytesLimit;
    const poll = (part: PartReader): boolean => {
      const values = part.poll(runtime.now());
      if (part.ended && !ended.has(part)) finishPart(part);
      if (values === undefined) return false;
      metrics.recordsIn += values.length;
      metrics.recordsOut += values.length;
      read += values.length;
      gather.take(values, capabilities[0]!.time as number);
      if (epochs.perBatch) epochs.endBatch();
      return true;
    };
    /** Passes on what this run has read, as one batch of chunks: what a batch costs on its way is paid once. */
    const give = (output: number, chunks: Chunk[]): void => outputs[output]!.giveBatch(capabilities[output]!, chunks);
    const warmAll = (): void => {
      for (const part of parts) part.cool = false;
    };
    /** A run's own clock may stand still; the machine's does not. */
    let cooling = false;
    const coolByMachine = (): void => {
      if (cooling) return;
      cooling = true;
      setTimeout(() => {
        cooling = false;
        if (done) return;
        warmAll();
        wake();
      }, 1);
    };
    /** How often nothing was there in a row. */
    let empty = 0;
    /** Nothing to read: asks again after a millisecond, and after some more where nothing has come for long. */
    const cool = (): void => {
      if (runtime.ownClock === true) return coolByMachine();
      const now = runtime.now();
      if (now < coolUntil) return;
      coolUntil = now + pauseAfter(++empty);
      given.activateAt(coolUntil);
    };
    const warm = (): void => {
      if (ticked === epochs.current && runtime.now() < coolUntil) return;
      ticked = epochs.current;
      warmAll();
    };

    return lowering.guard(
      metrics,
      () => {
        if (done) return;
        warm();
        const settled = advance();
        if (done) return;
        if (settled && (epochs.held || full())) {
          // Whoever lets us go on (a tick, a peer) may not wake us.
          empty = 0;
          if (!epochs.held) cool();
          return;
        }
        burst.begin(runtime.now());
        read = 0;
        let active: boolean;
        let ever = false;
        let awake: number;
        do {
          active = false;
          awake = Infinity;
          for (const part of parts) {
            // Before an epoch whose end waits for a position, only that part is read.
            if (part.ended || (!settled && part.positionKnown)) continue;
            if (epochs.held && settled) break;
            if (poll(part)) active = ever = true;
            else if (part.cool) cool();
            else if (!part.ended) awake = Math.min(awake, part.awake);
            if (lowering.stopped) return;
          }
        } while (active && settled && !epochs.perBatch && burst.goesOn(read) && !full());
        gather.send(give);
        if (ever) {
          empty = 0;
          return given.activate();
        }
        if (awake === Infinity || awake === -Infinity || (awake === armed && armed > runtime.now())) return;
        armed = awake;
        given.activateAt(awake);
      },
      "WEIR_SOURCE_FAILED",
    );
  });
}
