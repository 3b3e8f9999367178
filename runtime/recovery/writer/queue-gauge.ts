/** How much the writer has taken and not yet made durable: the signal that makes sources hold back. */

export interface QueueGauge {
  added(bytes: number): void;
  /** Returns the bytes that the seal covers, to be given back by `sealed`. */
  seal(): number;
  sealed(bytes: number): void;
  congested(): boolean;
  queuedBytes(): number;
  onRelief(listener: () => void): void;
}

export function createQueueGauge(highWaterBytes: number): QueueGauge {
  const listeners: (() => void)[] = [];
  let queued = 0;
  let unsealed = 0;
  return {
    added(bytes) {
      queued += bytes;
      unsealed += bytes;
    },
    seal() {
      const covered = unsealed;
      unsealed = 0;
      return covered;
    },
    sealed(bytes) {
      const wasCongested = queued > highWaterBytes;
      queued -= bytes;
      if (wasCongested && queued <= highWaterBytes) for (const listener of listeners) listener();
    },
    congested: () => queued > highWaterBytes,
    queuedBytes: () => queued,
    onRelief: (listener) => void listeners.push(listener),
  };
}
