/**
 * A stateful step inside of a loop. What goes round belongs to the epoch in which it came in, so an epoch is over here when
 * nothing of it can come round any more: the loop has run dry. Its snapshot is taken then.
 *
 *   A capability that waits at the step's outputs comes round to its own input, so the step must not keep one in order to see
 *   its epoch end. It emits by what it has at hand instead:
 *
 *   records    at their own time, by the capability of their batch; batches of later epochs are held together with theirs
 *   woken keys by `standing`, which stands at the epoch that is open outside (the gate's) and lets go of it when the gate does;
 *              and by any batch at hand, so that a loop that lags behind the gate wakes keys, too
 *   onEof      by `standing`, once the gate has ended, at the beginning of a phase of rounds behind all others: when the input
 *              frontier is there, the loop has run dry. Records of a phase are handled after its onEofs; keys that they touch
 *              and that have not been told yet are told in the next phase
 *   rows       by a capability of an output of their own, outside of the cycle, which holds the flow's probe and nothing else
 *
 * Within an epoch, records are handled as they come: rounds may overlap, and no order of theirs is promised.
 */
import { chunkLimit, type Chunk } from "../chunk.ts";
import { keyExchange, type KeyRouted } from "../exchange/by-key.ts";
import type { Lowering } from "../lowering.ts";
import { chunkOperator, pipelined, type ChunkCapability, type ChunkInput, type ChunkScope, type ChunkStream } from "../operator.ts";
import { createKeeper, type StatefulStep } from "../stateful/keeper.ts";
import { Outlet } from "../stateful/outlet.ts";
import { delayedTo, epochOf, leastMoment, momentAt, momentOf, nextPhase } from "./moment.ts";

/** A batch of a later moment, with a capability per output. */
interface Held {
  readonly capabilities: readonly ChunkCapability[];
  readonly batch: readonly Chunk[];
  readonly port: number;
}

/** The streams of the step's outputs, and one more that shows what has been recorded. */
export function statefulInLoop(
  lowering: Lowering,
  scope: ChunkScope,
  step: StatefulStep,
  streams: readonly ChunkStream[],
  gateStream: ChunkStream,
): ChunkStream[] {
  const { runtime } = lowering;
  const { metrics } = step;
  const routed = streams.map((stream): KeyRouted => keyExchange(lowering, scope, stream, metrics.step));
  const gateAt = routed.length;
  const rowsAt = step.outputs;
  const spec = {
    name: metrics.step,
    inputs: [...routed, { stream: gateStream, pact: pipelined }],
    outputs: step.outputs + 1,
    notify: true,
    initial: true,
    connected: (input: number, output: number) => input !== gateAt && output !== rowsAt,
  };
  return chunkOperator(scope, spec, (context, allPorts, allOutputs) => {
    const ports = allPorts.slice(0, gateAt);
    const gate = allPorts[gateAt]!;
    const rows = context.initial[rowsAt]!;
    const origin = rows.time;
    /** What is sent by now: the batch at hand, or capabilities by output. */
    let byBatch: { readonly time: any; retain(output?: number): ChunkCapability } | undefined;
    let byHeld: readonly ChunkCapability[] = [];
    const outlets = allOutputs
      .slice(0, rowsAt)
      .map((output, i) => new Outlet((keys, values) => output.giveBatch(byBatch ?? byHeld[i]!, [{ keys, values }])));
    const keeper = createKeeper(lowering, step, context, outlets);
    const { state, driver } = keeper;

    let current = 0;
    const held = new Map<number, Held[]>();
    let standing: readonly ChunkCapability[] | undefined = context.initial.slice(0, rowsAt);
    let standsAt = 0;
    /** Nothing comes into the loop any more. */
    let ended = false;
    /** Keys whose onEof is still to be called in this phase, last first. */
    let telling: string[] | undefined;
    /** Keys that have been told and live on. */
    const told = new Set<string>();

    if (driver.notify === undefined && driver.eof === undefined) {
      for (const capability of standing) capability.drop();
      standing = undefined;
    }

    const stand = (capabilities: readonly ChunkCapability[], moment: number): void => {
      for (const capability of capabilities) capability.downgrade(delayedTo(capability.time, moment));
      standing = capabilities;
      standsAt = moment;
    };
    const letGo = (): void => {
      for (const capability of standing ?? []) capability.drop();
      standing = undefined;
    };
    const retain = (batch: { retain(output?: number): ChunkCapability }): ChunkCapability[] =>
      outlets.map((_, i) => batch.retain(i));
    const tells = (): boolean => driver.eof !== undefined && !runtime.epochs.draining;
    /** After the end of input, records may make keys that have to be told once this phase has run dry. */
    const willTell = (): boolean => ended && standing === undefined && tells();

    const handle = (batch: readonly Chunk[], port: number): void => {
      for (const chunk of batch) keeper.handle(chunk, port);
      keeper.notifyDue();
      keeper.flush();
    };
    const takeInput = (): void => {
      for (let port = 0; port < ports.length; port++) {
        ports[port]!.forEach((capability, batch) => {
          const moment = momentOf(capability.time);
          if (moment !== current || telling !== undefined) {
            for (const chunk of batch) lowering.held += chunk.values.length;
            const one = { capabilities: retain(capability), batch, port };
            const list = held.get(moment);
            if (list === undefined) held.set(moment, [one]);
            else list.push(one);
            return;
          }
          byBatch = capability;
          handle(batch, port);
          byBatch = undefined;
          if (willTell()) stand(retain(capability), nextPhase(moment, metrics.step));
        });
      }
    };
    const takeHeld = (): void => {
      const list = held.get(current);
      held.delete(current);
      for (const { capabilities, batch, port } of list ?? []) {
        for (const chunk of batch) lowering.held -= chunk.values.length;
        byHeld = capabilities;
        handle(batch, port);
        if (willTell()) stand(capabilities, nextPhase(current, metrics.step));
        else for (const capability of capabilities) capability.drop();
      }
    };
    /** Goes from moment to moment up to the frontier, and stops where keys are to be told first. */
    const advance = (to: number): void => {
      while (current < to && telling === undefined) {
        let next = to;
        for (const moment of held.keys()) next = Math.min(next, moment);
        if (ended && standing !== undefined) next = Math.min(next, standsAt);
        if (next === Infinity) return;
        const due = keeper.due(epochOf(current), epochOf(next));
        if (due !== undefined) keeper.record(due, rows.clone());
        if (epochOf(next) > epochOf(current)) rows.downgrade(delayedTo(origin, momentAt(epochOf(next))));
        current = next;
        if (ended && standing !== undefined && standsAt === current) {
          telling = [...state.keys()]
            .filter((key) => !told.has(key))
            .toSorted()
            .toReversed();
        } else takeHeld();
      }
    };
    const tell = (): void => {
      if (telling === undefined) return;
      byHeld = standing!;
      for (let budget = chunkLimit; budget > 0 && telling.length > 0; budget--) {
        const entry = state.open(telling.pop()!);
        driver.eof!(entry);
        if (!entry.gone) told.add(entry.key);
      }
      keeper.flush();
      context.activate();
      if (telling.length > 0) return;
      telling = undefined;
      letGo();
      takeHeld();
    };
    const wake = (): void => {
      if (standing === undefined || ended || standsAt !== current) return;
      byHeld = standing;
      keeper.notifyDue();
      keeper.flush();
    };
    const followGate = (): void => {
      if (standing === undefined || ended) return;
      const open = leastMoment(gate.frontier());
      if (open <= standsAt) return;
      wake();
      if (open < Infinity) return stand(standing, open);
      ended = true;
      context.activate();
      // No epoch that came in is later than the last one that was closed; all of it is to go first.
      if (tells()) stand(standing, nextPhase(Math.max(momentAt(runtime.epochs.current - 1), standsAt), metrics.step));
      else letGo();
    };
    const finish = (): void => {
      if (runtime.recorder.enabled && state.dirty) keeper.record(epochOf(current), rows.clone());
      keeper.recordSlice();
      if (!keeper.recording) rows.drop();
    };

    context.onShutdown(() => {
      for (const list of held.values()) {
        for (const { batch } of list) for (const chunk of batch) lowering.held -= chunk.values.length;
      }
      held.clear();
    });
    return lowering.guard(metrics, () => {
      takeInput();
      const to = least(ports);
      advance(to);
      tell();
      wake();
      followGate();
      keeper.recordSlice();
      if (to === Infinity && held.size === 0 && standing === undefined && telling === undefined) finish();
      metrics.keys = state.size;
    });
  });
}

function least(ports: readonly ChunkInput[]): number {
  let moment = Infinity;
  for (const port of ports) moment = Math.min(moment, leastMoment(port.frontier()));
  return moment;
}
