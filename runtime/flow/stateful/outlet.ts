/** Gathers what a stateful step emits into chunks. Flushed before the step's epoch moves on, so a chunk has one epoch. */
import { chunkRecords } from "../chunk.ts";

export class Outlet {
  /** Records emitted since the last reading, for metrics. */
  records = 0;
  #keys: string[] = [];
  #values: unknown[] = [];
  readonly #send: (keys: string[], values: unknown[]) => void;

  constructor(send: (keys: string[], values: unknown[]) => void) {
    this.#send = send;
  }

  push(key: string, value: unknown): void {
    this.#keys.push(key);
    if (this.#values.push(value) >= chunkRecords) this.flush();
  }

  /** Hands whole columns on. They must not be changed afterwards. */
  columns(keys: string[], values: unknown[]): void {
    this.flush();
    if (values.length === 0) return;
    this.records += values.length;
    this.#send(keys, values);
  }

  flush(): void {
    const values = this.#values;
    if (values.length === 0) return;
    const keys = this.#keys;
    this.#keys = [];
    this.#values = [];
    this.records += values.length;
    this.#send(keys, values);
  }
}
