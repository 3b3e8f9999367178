/**
 * The stateful core: brings chunks to a driver in the order of epochs, wakes keys, takes snapshots.
 *
 *   `current` is the lowest open epoch, and the capabilities of the outputs stand there. Chunks of `current` are handled at
 *   once; chunks of later epochs are held until the frontier has passed all epochs before theirs. Woken keys emit at `current`.
 *
 *   A run handles so many records, and leaves the others for the next one, so that output goes on meanwhile: in the input, or held, where
 *   a batch was begun. Until the last of what is held for `current` nothing else is taken: what came later stays behind what came first.
 *
 *   When the frontier passes an epoch that takes a snapshot, the keys touched since the last one are recorded, in slices; a
 *   capability of the epoch is kept until the last row is out, while the step goes on with later epochs.
 *
 *   When the input has ended: onEof for all keys, in sorted order, then the rows, then the capabilities are dropped.
 *   When the flow drains (it goes on elsewhere) the same without onEof.
 *
 * Inside of a loop this would lock up: the capabilities would hold up the step's own input. See loop/stateful.ts.
 */
import { chunkLimit, type Chunk } from "../chunk.ts";
import type { Lowering } from "../lowering.ts";
import { chunkOperator, type ChunkScope, type ChunkStream } from "../operator.ts";
import { keyExchange, type KeyRouted } from "../exchange/by-key.ts";
import { createKeeper, type StatefulStep } from "./keeper.ts";
import { Outlet } from "./outlet.ts";

/** Records, about, that are handled in one run: some milliseconds of work. */
const runRecords = 4 * chunkLimit;
/** While a snapshot is recorded: the keys of these records, as they were, may all have to be recorded first. */
const recordingRecords = chunkLimit / 2;

export function statefulOperator(
  lowering: Lowering,
  scope: ChunkScope,
  step: StatefulStep,
  streams: readonly ChunkStream[],
): ChunkStream[] {
  const { runtime } = lowering;
  const { metrics } = step;
  const inputs = streams.map((stream): KeyRouted => keyExchange(lowering, scope, stream, metrics.step));
  const spec = { name: metrics.step, inputs, outputs: step.outputs, notify: true, initial: true };
  return chunkOperator(scope, spec, (context, ports, outputs) => {
    const capabilities = context.initial;
    const outlets = outputs.map(
      (output, i) => new Outlet((keys, values) => output.giveBatch(capabilities[i]!, [{ keys, values }])),
    );
    const keeper = createKeeper(lowering, step, context, outlets);
    const { state, driver } = keeper;

    let current = 0;
    /** Chunks of later epochs, with the ports they came by. */
    const held = new Map<number, [chunk: Chunk, port: number][]>();
    /** Of the chunks held for `current`, the first that is not handled yet. */
    let nextHeld = 0;
    /** Records that may still be handled in this run. */
    let budget = 0;
    let firstPort = 0;
    /** Keys whose onEof is still to be called, last first. */
    let ending: string[] | undefined;

    const hold = (epoch: number, chunk: Chunk, port: number): void => {
      lowering.held += chunk.values.length;
      const chunks = held.get(epoch);
      if (chunks === undefined) held.set(epoch, [[chunk, port]]);
      else chunks.push([chunk, port]);
    };
    const handle = (chunk: Chunk, port: number): void => {
      budget -= chunk.values.length;
      keeper.handle(chunk, port);
    };
    const takes = ports.map((_, port) => ({ time }: { readonly time: number }, batch: readonly Chunk[]): void => {
      for (const chunk of batch) {
        if (time === current && budget > 0) handle(chunk, port);
        else hold(time, chunk, port);
      }
    });
    const takeInput = (): void => {
      for (let i = 0; i < ports.length; i++) {
        const port = (firstPort + i) % ports.length;
        while (budget > 0 && ports[port]!.next(takes[port]!));
      }
      // An input that always has enough for a run must not keep out the others.
      if (budget <= 0) firstPort = (firstPort + 1) % ports.length;
    };
    const frontier = (): number => {
      let least = Infinity;
      for (const port of ports) least = Math.min(least, port.frontierTime());
      return least;
    };
    /** Handles what was held for the current epoch; false while some of it is left for the next run. */
    const catchUp = (): boolean => {
      const chunks = held.get(current);
      if (chunks === undefined) return true;
      while (nextHeld < chunks.length) {
        if (budget <= 0) return false;
        const [chunk, port] = chunks[nextHeld++]!;
        lowering.held -= chunk.values.length;
        handle(chunk, port);
      }
      held.delete(current);
      nextHeld = 0;
      return true;
    };
    /** Goes from epoch to epoch up to the frontier; true when it is there, and all data of closed epochs is handled. */
    const advance = (to: number): boolean => {
      while (catchUp()) {
        if (current >= to) return true;
        let next = to;
        for (const epoch of held.keys()) next = Math.min(next, epoch);
        if (next === Infinity) return true;
        keeper.flush();
        const due = keeper.due(current, next);
        if (due !== undefined) {
          keeper.record(due, capabilities[0]!.clone());
          budget = Math.min(budget, recordingRecords);
        }
        current = next;
        for (const capability of capabilities) capability.downgrade(current);
      }
      return false;
    };
    const finish = (): void => {
      if (ending === undefined) {
        ending = driver.eof === undefined || runtime.epochs.draining ? [] : [...state.keys()].toSorted().toReversed();
      }
      for (let keys = chunkLimit; keys > 0 && ending.length > 0; keys--) driver.eof!(state.open(ending.pop()!));
      keeper.flush();
      if (ending.length > 0) return context.activate();
      if (runtime.recorder.enabled && state.dirty) keeper.record(current, capabilities[0]!.clone());
      keeper.recordSlice();
      if (!keeper.recording) for (const capability of capabilities) capability.drop();
    };

    context.onShutdown(() => {
      held.get(current)?.splice(0, nextHeld);
      for (const chunks of held.values()) for (const [chunk] of chunks) lowering.held -= chunk.values.length;
      held.clear();
    });
    return lowering.guard(metrics, () => {
      budget = keeper.recording ? recordingRecords : runRecords;
      let caughtUp = catchUp();
      if (caughtUp) {
        takeInput();
        caughtUp = advance(frontier());
      }
      if (budget <= 0) context.activate();
      if (caughtUp && frontier() === Infinity) finish();
      else {
        if (caughtUp) keeper.notifyDue();
        keeper.flush();
        keeper.recordSlice();
      }
      metrics.keys = state.size;
    });
  });
}
