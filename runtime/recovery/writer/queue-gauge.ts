/** How much the writer has taken and not yet made durable: the signal that makes those who record hold back. */

export interface QueueGauge {
  added(bytes: number): void;
  /** Durable, or lost with an error. */
  stored(bytes: number): void;
  congested(): boolean;
  queuedBytes(): number;
  onRelief(listener: () => void): void;
  /** Nobody is told any more: what listens may hold much, and closing takes its time. */
  forget(): void;
}

export function createQueueGauge(highWaterBytes: number): QueueGauge {
  const listeners: (() => void)[] = [];
  let queued = 0;
  return {
    added(bytes) {
      queued += bytes;
    },
    stored(bytes) {
      const wasCongested = queued > highWaterBytes;
      queued -= bytes;
      if (wasCongested && queued <= highWaterBytes) for (const listener of listeners) listener();
    },
    congested: () => queued > highWaterBytes,
    queuedBytes: () => queued,
    onRelief: (listener) => void listeners.push(listener),
    forget() {
      listeners.length = 0;
    },
  };
}
