/** When a container that ended, or never began, may start (again). Pure. */
import type { BackOff } from "./options.ts";
import type { ContainerRecord } from "./record.ts";

export const defaultBackOff: BackOff = { firstMs: 10_000, maxMs: 300_000, resetMs: 600_000 };

/** How the container's last run ended, whether or not it shows as waiting for the next one by now. */
export const lastExit = (record: ContainerRecord) =>
  record.state.terminated ?? (record.state.waiting === undefined ? undefined : record.lastState.terminated);

/** Epoch milliseconds from when it may start; undefined: never. */
export function mayStartAt(record: ContainerRecord, policy: string, backOff: BackOff): number | undefined {
  const exit = lastExit(record);
  if (exit === undefined) return 0;
  if (policy === "Never") return undefined;
  if (policy === "OnFailure" && exit.exitCode === 0 && record.interrupted !== true) return undefined;
  if (record.interrupted === true) return 0;
  const ran = (record.finishedAtMs ?? 0) - (record.startedAtMs ?? 0);
  return (record.finishedAtMs ?? 0) + (ran >= backOff.resetMs ? 0 : record.backOffMs);
}

/** To be called with each restart: the pause before the one after it. */
export function lengthenBackOff(record: ContainerRecord, backOff: BackOff): void {
  const ran = (record.finishedAtMs ?? 0) - (record.startedAtMs ?? 0);
  const fresh = record.backOffMs === 0 || ran >= backOff.resetMs || record.interrupted === true;
  record.backOffMs = fresh ? backOff.firstMs : Math.min(backOff.maxMs, record.backOffMs * 2);
}
