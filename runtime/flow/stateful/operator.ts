/**
 * The stateful core: brings chunks to a driver in the order of epochs, wakes keys, takes snapshots.
 *
 *   `current` is the lowest open epoch, and the capabilities of the outputs stand there. Chunks of `current` are handled at
 *   once; chunks of later epochs are held until the frontier has passed all epochs before theirs. Woken keys emit at `current`.
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
    /** Keys whose onEof is still to be called, last first. */
    let ending: string[] | undefined;

    const hold = (epoch: number, chunk: Chunk, port: number): void => {
      lowering.held += chunk.values.length;
      const chunks = held.get(epoch);
      if (chunks === undefined) held.set(epoch, [[chunk, port]]);
      else chunks.push([chunk, port]);
    };
    const takeInput = (): void => {
      for (let port = 0; port < ports.length; port++) {
        ports[port]!.forEach(({ time }, batch) => {
          for (const chunk of batch) {
            if (time === current) keeper.handle(chunk, port);
            else hold(time, chunk, port);
          }
        });
      }
    };
    const frontier = (): number => {
      let least = Infinity;
      for (const port of ports) least = Math.min(least, port.frontierTime());
      return least;
    };
    /** Goes from epoch to epoch up to the frontier; at its end all data of closed epochs is handled. */
    const advance = (to: number): void => {
      while (current < to) {
        let next = to;
        for (const epoch of held.keys()) next = Math.min(next, epoch);
        if (next === Infinity) return;
        keeper.flush();
        const due = keeper.due(current, next);
        if (due !== undefined) keeper.record(due, capabilities[0]!.clone());
        current = next;
        for (const capability of capabilities) capability.downgrade(current);
        const chunks = held.get(current);
        held.delete(current);
        for (const [chunk, port] of chunks ?? []) {
          lowering.held -= chunk.values.length;
          keeper.handle(chunk, port);
        }
      }
    };
    const finish = (): void => {
      if (ending === undefined) {
        ending = driver.eof === undefined || runtime.epochs.draining ? [] : [...state.keys()].toSorted().toReversed();
      }
      for (let budget = chunkLimit; budget > 0 && ending.length > 0; budget--) driver.eof!(state.open(ending.pop()!));
      keeper.flush();
      if (ending.length > 0) return context.activate();
      if (runtime.recorder.enabled && state.dirty) keeper.record(current, capabilities[0]!.clone());
      keeper.recordSlice();
      if (!keeper.recording) for (const capability of capabilities) capability.drop();
    };

    context.onShutdown(() => {
      for (const chunks of held.values()) for (const [chunk] of chunks) lowering.held -= chunk.values.length;
      held.clear();
    });
    return lowering.guard(metrics, () => {
      takeInput();
      const to = frontier();
      advance(to);
      if (to === Infinity && held.size === 0) finish();
      else {
        keeper.notifyDue();
        keeper.flush();
        keeper.recordSlice();
      }
      metrics.keys = state.size;
    });
  });
}
