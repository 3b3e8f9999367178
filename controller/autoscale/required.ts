/** How many workers a load needs. */
import type { Measurement } from "./measure.ts";

/**
 * workers = ceil((arrival + lag / catchUp) / (true rate per worker × target utilization)), at least 1. When nothing is read
 * although data waits, capacity is unknown and the present number stands.
 */
export function requiredWorkers(measured: Measurement, targetUtilization: number, catchUpSeconds: number): number {
  const demand = measured.arrival + measured.lag / catchUpSeconds;
  if (demand === 0) return 1;
  if (!Number.isFinite(measured.trueRate)) return measured.workers;
  // A load that hits the target to within rounding is no reason for one more worker.
  return Math.max(1, Math.ceil(demand / (measured.trueRate * targetUtilization) - 1e-6));
}
