/**
 * What the kubelet must know of a pod after its own restart, kept in one file of the pod's folder. Invariant: the file names every
 * process of the pod that may be alive, since it is written in the same turn of the event loop in which a process starts.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerState } from "../client/index.ts";

export interface ContainerRecord {
  readonly name: string;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
  containerID?: string;
  /** The leader of the running process group. */
  process?: { pid: number; startTime: string };
  /** Pause before the next restart, milliseconds; 0: at once. */
  backOffMs: number;
  startedAtMs?: number;
  finishedAtMs?: number;
  /** It was ended because the kubelet stopped, not because of anything of its own. */
  interrupted?: boolean;
}

export interface PodRecord {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  podIP?: string;
  startTime: string;
  containers: Record<string, ContainerRecord>;
}

const file = "pod.json";

export function saveRecord(folder: string, record: PodRecord): void {
  mkdirSync(folder, { recursive: true });
  const target = join(folder, file);
  writeFileSync(`${target}.new`, JSON.stringify(record));
  renameSync(`${target}.new`, target);
}

/** All pods that an earlier kubelet left in `folder`. */
export function loadRecords(folder: string): PodRecord[] {
  if (!existsSync(folder)) return [];
  const found: PodRecord[] = [];
  for (const name of readdirSync(folder)) {
    const path = join(folder, name, file);
    if (existsSync(path)) found.push(JSON.parse(readFileSync(path, "utf8")) as PodRecord);
  }
  return found;
}
