/** What the demonstration reads of the resource and its pods. */
export interface Dataflow {
  metadata: { name: string; namespace?: string };
  spec: { workers?: number; params?: Record<string, string>; recovery?: Record<string, unknown>; [field: string]: unknown };
  status?: {
    phase?: string;
    workers?: number;
    readyWorkers?: number;
    epoch?: number;
    execution?: number;
    rates?: { recordsInPerSecond?: number; recordsOutPerSecond?: number; lag?: number; utilizationPercent?: number };
    lastSnapshot?: { epoch: number; time: string; bytes: number };
    lastRescale?: { from: number; to: number; time: string; reason?: string; stallMilliseconds?: number };
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}
export interface Pod {
  metadata: { name: string; uid?: string };
  status?: { phase?: string; podIP?: string; containerStatuses?: { name: string; ready: boolean; restartCount: number }[] };
}
