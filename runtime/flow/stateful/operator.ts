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
 */

import { chunkLimit, keyed, type Chunk } from "../chunk.ts";
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, type ChunkCapability, type ChunkScope, type ChunkStream } from "../operator.ts";
import { keyExchange, type KeyRouted } from "../exchange/by-key.ts";
import { Wakes } from "../state/wakes.ts";
import type { DriverOf } from "./driver.ts";
import { Outlet } from "./outlet.ts";

export interface StatefulStep {
  readonly metrics: StepMetrics;
  readonly driver: DriverOf;
  readonly outputs: number;
  /** Records were already counted in front of the exchange. */
  readonly counted?: boolean;
}

export function statefulOperator(
  lowering: Lowering,
  scope: ChunkScope,
  step: StatefulStep,
  streams: readonly ChunkStream[],
): ChunkStream[] {
  const { runtime } = lowering;
  const { metrics, counted = false } = step;
  const inputs = streams.map((stream): KeyRouted => keyExchange(lowering, scope, stream, metrics.step));
  const spec = { name: metrics.step, inputs, outputs: step.outputs, notify: true, initial: true };
  return chunkOperator(scope, spec, (context, ports, outputs) => {
    const { recorder, epochs } = runtime;
    const state = runtime.states.of(metrics.step);
    const wakes = new Wakes();
    const capabilities = context.initial;
    const outlets = outputs.map(
      (output, i) => new Outlet((keys, values) => output.giveBatch(capabilities[i]!, [{ keys, values }])),
    );
    const driver = step.driver({ step: metrics.step, state, wakes, outlets, now: runtime.now });
    state.attach(driver, recorder);
    if (driver.notify !== undefined) {
      for (const entry of state.entries.values()) {
        entry.queued = undefined;
        if (entry.wake !== undefined) wakes.set(entry, entry.wake);
      }
    }

    let current = 0;
    /** Chunks of later epochs, with the ports they came by. */
    const held = new Map<number, [chunk: Chunk, port: number][]>();
    let recording: ChunkCapability | undefined;
    /** Keys whose onEof is still to be called, last first. */
    let ending: string[] | undefined;
    let armed = Infinity;

    const handle = (chunk: Chunk, port: number): void => {
      const { keys, values } = keyed(chunk, metrics.step);
      if (!counted) metrics.recordsIn += values.length;
      driver.batch(keys, values, port);
    };
    const hold = (epoch: number, chunk: Chunk, port: number): void => {
      lowering.held += chunk.values.length;
      const chunks = held.get(epoch);
      if (chunks === undefined) held.set(epoch, [[chunk, port]]);
      else chunks.push([chunk, port]);
    };
    const flush = (): void => {
      for (const outlet of outlets) {
        outlet.flush();
        metrics.recordsOut += outlet.records;
        outlet.records = 0;
      }
    };

    const takeInput = (): void => {
      for (let port = 0; port < ports.length; port++) {
        ports[port]!.forEach(({ time }, batch) => {
          for (const chunk of batch) {
            if (time === current) handle(chunk, port);
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
        flush();
        close(current, next);
        current = next;
        for (const capability of capabilities) capability.downgrade(current);
        const chunks = held.get(current);
        held.delete(current);
        for (const [chunk, port] of chunks ?? []) {
          lowering.held -= chunk.values.length;
          handle(chunk, port);
        }
      }
    };
    /** Closes the epochs from `from` until before `to`: nothing was touched since the first of them. */
    const close = (from: number, to: number): void => {
      if (!state.dirty) return;
      for (let epoch = from; epoch < to; epoch++) if (epochs.takesSnapshot(epoch)) return record(epoch);
    };
    const record = (epoch: number): void => {
      state.snapshot(epoch);
      recording?.drop();
      recording = capabilities[0]!.clone();
    };
    const recordSlice = (): void => {
      if (recording === undefined) return;
      state.slice();
      if (state.recording) return context.activate();
      recording.drop();
      recording = undefined;
    };
    const notifyDue = (): void => {
      if (driver.notify === undefined || wakes.next() === Infinity) return;
      for (const entry of wakes.due(runtime.now())) {
        if (entry.gone) continue;
        state.open(entry.key);
        entry.wake = undefined;
        driver.notify(entry);
      }
      const next = wakes.next();
      if (next === Infinity || (next === armed && armed > runtime.now())) return;
      armed = next;
      context.activateAt(next);
    };
    const finish = (): void => {
      if (ending === undefined) {
        ending = driver.eof === undefined || epochs.draining ? [] : [...state.entries.keys()].toSorted().toReversed();
      }
      for (let budget = chunkLimit; budget > 0 && ending.length > 0; budget--) driver.eof!(state.open(ending.pop()!));
      flush();
      if (ending.length > 0) return context.activate();
      if (recorder.enabled && state.dirty) record(current);
      recordSlice();
      if (recording === undefined) for (const capability of capabilities) capability.drop();
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
        notifyDue();
        flush();
        recordSlice();
      }
      metrics.keys = state.entries.size;
    });
  });
}
