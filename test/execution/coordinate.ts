/** A coordinator whose clock, processes and commits a test plays: messages and time in, messages out. */
import { expect } from "vitest";
import { type CommitInput, createCoordinator, type CoordinatorOptions } from "../../runtime/execution/coordinator.ts";
import type { FromCoordinator, Outcome, ToCoordinator } from "../../runtime/execution/messages.ts";

export const execution = 7;
export type Script = Partial<Pick<CoordinatorOptions, "epochMs" | "snapshotMs" | "sources" | "maxOpenEpochs" | "listSinks">> & {
  processes?: number;
  threads?: number;
};

export function coordinate(script: Script = {}) {
  const { processes = 2, threads = 1 } = script;
  let now = 1000;
  let sent: FromCoordinator[] = [];
  const commits: (CommitInput & { resolve(): void; reject(error: unknown): void })[] = [];
  const coordinator = createCoordinator({
    execution,
    topology: { processes, threads },
    startEpoch: 5,
    sources: script.sources ?? [{ step: "in", list: () => ["a", "b", "c"] }],
    listSinks: script.listSinks ?? (async () => ({ out: ["x", "y"] })),
    epochMs: script.epochMs ?? 100,
    snapshotMs: "snapshotMs" in script ? script.snapshotMs : 1000,
    ...(script.maxOpenEpochs === undefined ? {} : { maxOpenEpochs: script.maxOpenEpochs }),
    clock: () => now,
    broadcast: (message) => void sent.push(message),
    commit: (input) =>
      new Promise((resolve, reject) => {
        commits.push({ ...input, reject, resolve: () => resolve({ time: "2026-01-01T00:00:00.000Z", bytes: 10 }) });
      }),
    wake: () => queueMicrotask(() => coordinator.poll()),
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    coordinator,
    commits,
    turn,
    /** What was sent since the last look, in short: kind and what differs. */
    async said(): Promise<string[]> {
      await turn();
      const messages = sent;
      sent = [];
      return messages.map(brief);
    },
    pass(ms: number) {
      now += ms;
      coordinator.poll();
    },
    from(process: number, message: Partial<ToCoordinator> & { kind: ToCoordinator["kind"] }) {
      coordinator.handle(process, { execution, ...message } as ToCoordinator);
    },
    async begun() {
      for (let process = 0; process < processes; process++) this.from(process, { kind: "loaded" });
      return this.said();
    },
    seal(epoch: number, by = processes) {
      for (let process = 0; process < by; process++)
        this.from(process, { kind: "sealed", epoch, files: [], steps: [], prepared: [] });
    },
    async end(parts: string[], step = "in") {
      for (const part of parts) this.from(0, { kind: "partEnded", step, part });
      await turn();
    },
  };
}
function brief(message: FromCoordinator): string {
  expect((message as { execution: number }).execution).toBe(execution);
  switch (message.kind) {
    case "begin":
      return `begin ${message.startEpoch} ${JSON.stringify(message.sources)} ${JSON.stringify(message.sinks)}`;
    case "tick":
      return `tick ${message.epoch}${message.snapshot ? " snapshot" : ""}${message.draining ? " draining" : ""}${message.ended.length > 0 ? ` ended ${message.ended.join()}` : ""}`;
    case "assign":
      return `assign ${message.step} ${message.part} ${message.worker}`;
    case "committed":
      return `committed ${message.epoch} ${message.bytes}`;
    case "release":
      return `release ${message.epoch}`;
    case "end":
      return `end ${outcome(message.outcome)}`;
    default:
      return message.kind;
  }
}
function outcome(of: Outcome): string {
  if (of.kind === "failed" || of.kind === "lost") return `${of.kind} ${of.error.code} ${of.error.message}`;
  if (of.kind === "rescaled") return `rescaled ${of.epoch} ${of.from.processes} ${of.to.processes}`;
  return of.kind === "drained" ? `drained ${of.epoch}${of.stay ? " stay" : ""}` : of.kind;
}
