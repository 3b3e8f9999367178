/** The parts of a sink on one worker. All methods may take time; the operator calls one at a time. */
import { WeirError } from "../../errors/index.ts";
import { murmur3 } from "../hash.ts";
import { items, keyed, type Chunk } from "../chunk.ts";
import { show } from "../show.ts";
import type { Lowering } from "../lowering.ts";
import type { DynamicSink, PartitionedSink, SinkContext, SinkPart, TransactionalSink } from "../sink.ts";
import type { Awaitable } from "../source.ts";
import { isPromise } from "../input/part-reader.ts";

export interface SinkWriter {
  write(chunk: Chunk): Awaitable<void>;
  /** Closes an epoch after all its writes: positions or prepared work go to the recorder. Absent when there is nothing to do. */
  seal?(epoch: number): Awaitable<void>;
  /** Sealed at every epoch, not only at those that take a snapshot. */
  readonly sealsEach: boolean;
  close(): Awaitable<void>;
}

function contextOf({ runtime }: Lowering, step: string): SinkContext {
  return { flow: runtime.run?.flow ?? "", step, execution: runtime.run?.execution ?? 0 };
}

export async function dynamicWriter(sink: DynamicSink<unknown>, lowering: Lowering, step: string): Promise<SinkWriter> {
  const { worker } = lowering.runtime;
  const part = await sink.build(worker.index, worker.peers, contextOf(lowering, step));
  return { write: (chunk) => part.writeBatch(items(chunk)), sealsEach: false, close: () => part.close?.() };
}

/** Without recovery there is no manifest to wait for: what is prepared at the close of an epoch is committed at once. */
export async function transactionalWriter(
  sink: TransactionalSink<unknown, unknown>,
  lowering: Lowering,
  step: string,
): Promise<SinkWriter> {
  const { worker, recorder } = lowering.runtime;
  const part = await sink.build(worker.index, worker.peers, contextOf(lowering, step));
  let written = false;
  return {
    write(chunk) {
      written = true;
      return part.writeBatch(items(chunk));
    },
    sealsEach: !recorder.enabled,
    async seal(epoch) {
      if (!written) return;
      written = false;
      const prepared = await part.prepare(epoch);
      // What an execution prepared after its end belongs to no snapshot.
      if (prepared === undefined || lowering.stopped) return;
      if (recorder.enabled) recorder.prepared(step, epoch, prepared);
      else await sink.commit(prepared);
    },
    close: () => part.close?.(),
  };
}

type WrittenPart = SinkPart<unknown> & { snapshot(): Awaitable<unknown> };

/** The parts of a sink, in order. Throws WEIR_SINK_FAILED when it has none. */
export function partsOf(lowering: Lowering, step: string): readonly string[] {
  const names = lowering.runtime.sinks.parts(step);
  if (names.length > 0) return names;
  throw new WeirError("WEIR_SINK_FAILED", `Step "${step}": its sink lists no parts to write to`, { step });
}

/** Which of the sink's parts a key belongs to. */
export function partRouter(sink: PartitionedSink<unknown, unknown>, count: number): (key: string) => number {
  const partFor = sink.partFor?.bind(sink) ?? murmur3;
  return (key) => {
    const part = partFor(key) % count;
    if (!Number.isInteger(part))
      throw new WeirError("WEIR_BAD_RETURN", `partFor must return an integer, and returned ${show(partFor(key))} for ${show(key)}`);
    return part < 0 ? part + count : part;
  };
}

/** All parts of this worker are built at once, so that each drops what it wrote after its snapshot even if nothing comes for it. */
export async function partitionedWriter(
  sink: PartitionedSink<unknown, unknown>,
  lowering: Lowering,
  step: string,
): Promise<SinkWriter> {
  const { worker, recorder, sinks } = lowering.runtime;
  const names = partsOf(lowering, step);
  const route = partRouter(sink, names.length);
  const parts = new Map<number, WrittenPart>();
  const written = new Set<number>();
  for (let part = worker.index; part < names.length; part += worker.peers) {
    parts.set(part, await sink.buildPart(names[part]!, sinks.resume(step, names[part]!)));
  }
  return {
    write(chunk) {
      const { keys, values } = keyed(chunk, step);
      const batches = new Map<number, unknown[]>();
      for (let i = 0; i < values.length; i++) {
        const part = route(keys[i]!);
        const batch = batches.get(part);
        if (batch === undefined) batches.set(part, [values[i]]);
        else batch.push(values[i]);
      }
      const writing: Promise<void>[] = [];
      for (const [part, batch] of batches) {
        written.add(part);
        const write = parts.get(part)!.writeBatch(batch);
        if (isPromise(write)) writing.push(write);
      }
      return writing.length === 0 ? undefined : Promise.all(writing).then(() => undefined);
    },
    sealsEach: false,
    async seal(epoch) {
      if (!recorder.enabled) return;
      for (const part of written) {
        const position = await parts.get(part)!.snapshot();
        if (lowering.stopped) return;
        recorder.part(step, epoch, names[part]!, position);
      }
      written.clear();
    },
    async close() {
      for (const part of parts.values()) await part.close?.();
    },
  };
}
