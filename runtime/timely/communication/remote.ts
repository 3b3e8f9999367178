/**
 * How workers of different processes reach each other within one execution: what the mesh offers, and what takes its frames
 * on this side (the fabric of the process's only worker, or the bridge to the rings of its threads). Workers are named by
 * their index among all; bytes are encoded messages.
 */
export interface RemotePort {
  readonly process: number;
  readonly processes: number;
  readonly threads: number;
  /** Frames wait until `flush`. `bytes` may be reused after the call. */
  message(from: number, target: number, bytes: Uint8Array): void;
  /** To every worker of every other process: one frame per process. */
  broadcast(from: number, bytes: Uint8Array): void;
  /** `from` has taken `bytes` bytes of what `target` had sent. */
  credit(from: number, target: number, bytes: number): void;
  flush(): void;
  /** Frames that came before are handed over at once. */
  attach(receiver: RemoteReceiver): void;
  /** The execution has ended on this process: what comes for it from now on is dropped; what was flushed still goes out. */
  leave(): void;
}

export interface RemoteReceiver {
  /** `target` is undefined for a broadcast: every worker of this process. The bytes are the receiver's to keep. */
  message(from: number, target: number | undefined, bytes: Uint8Array): void;
  credit(from: number, target: number, bytes: number): void;
  /** Some frames have been handed over. */
  arrived(): void;
  /** Called at most once; no frame follows. */
  fail(error: Error): void;
}
