/**
 * What runs, in one line: rewritten in place on a terminal, a plain line now and then elsewhere. Writes to standard error,
 * so that a flow's own output stays clean.
 */
import type { WorkerStatus } from "./status.ts";

export interface ProgressLine {
  show(statuses: readonly WorkerStatus[]): void;
  /** Leaves the last line standing. */
  end(): void;
}

const plainEveryMs = 5000;

export function createProgressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  let last = { at: 0, records: 0 };
  let rate = 0;
  let plainAt = 0;
  let open = false;
  return {
    show(statuses) {
      if (statuses.length === 0) return;
      const now = performance.now();
      const records = statuses.reduce((sum, status) => sum + inputs(status), 0);
      if (last.at > 0 && now > last.at) rate = Math.max(0, ((records - last.records) * 1000) / (now - last.at));
      last = { at: now, records };
      const text = describeProgress(statuses, rate, records);
      if (stream.isTTY) {
        stream.write(`\r\u001b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
        open = true;
      } else if (now - plainAt >= plainEveryMs) {
        plainAt = now;
        stream.write(`${text}\n`);
      }
    },
    end() {
      if (open) stream.write("\n");
      open = false;
    },
  };
}

/** Records that came into the flow: what its inputs sent on. */
const inputs = (status: WorkerStatus): number =>
  status.steps.reduce((sum, step) => sum + (step.upstream.length === 0 ? step.recordsOut : 0), 0);

const count = (value: number): string => Math.round(value).toLocaleString("en-US");

export function describeProgress(statuses: readonly WorkerStatus[], rate: number, records: number): string {
  const first = statuses[0]!;
  const lags = statuses.flatMap((status) => status.sources.map((source) => source.lag)).filter((lag) => lag !== undefined);
  const parts = [
    `${first.flow} ${first.phase}`,
    `epoch ${Number.isFinite(first.epoch) ? first.epoch : "-"}`,
    `${count(records)} records`,
    `${count(rate)}/s`,
  ];
  if (lags.length > 0) parts.push(`lag ${count(lags.reduce((sum, lag) => sum + lag, 0))}`);
  if (first.lastSnapshot !== undefined) parts.push(`snapshot ${first.lastSnapshot.epoch}`);
  if (first.topology.processes > 1) parts.push(`${first.topology.processes} processes`);
  return parts.join(" · ");
}
