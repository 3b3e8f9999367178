// A stand-in for a worker: receives when it is woken, flushes at the end of its step, and keeps what it got.
import type { Fabric, Message } from "../../../runtime/timely/communication/fabric.ts";

export interface Received {
  readonly message: Message;
  readonly from: number;
  readonly weight: number;
}

export interface Station {
  readonly fabric: Fabric;
  readonly inbox: Received[];
  readonly failures: Error[];
  /** Times that the fabric has asked for a step. */
  wakes: number;
  /** Whether records are consumed as they come. */
  consuming: boolean;
  /** Gives back the credit of everything received and not yet consumed. */
  consume(): void;
  /** Runs a step now. */
  step(): void;
}

export function createStation(fabric: Fabric): Station {
  const owed: Received[] = [];
  let scheduled = false;
  const station: Station = {
    fabric,
    inbox: [],
    failures: [],
    wakes: 0,
    consuming: true,
    consume() {
      for (const { from, weight } of owed.splice(0)) fabric.consumed(from, weight);
      fabric.flush();
    },
    step() {
      fabric.receive((message, from, weight) => {
        station.inbox.push({ message, from, weight });
        if (station.consuming) fabric.consumed(from, weight);
        else owed.push({ message, from, weight });
      });
      fabric.flush();
    },
  };
  fabric.onArrival(() => {
    station.wakes++;
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      station.step();
    });
  });
  fabric.onFailure((error) => station.failures.push(error));
  return station;
}

export async function until(condition: () => boolean, what: string, milliseconds = 10_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${milliseconds} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
