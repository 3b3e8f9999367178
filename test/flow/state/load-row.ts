import type { KeyedStates } from "../../../runtime/flow/index.ts";

/** Loads one row, as it stands in a batch among others. */
export function loadRow(states: KeyedStates, step: string, partition: number, key: string, value: Uint8Array | undefined): void {
  const front = Buffer.from("before");
  const keyBytes = Buffer.from(key);
  const bytes = Buffer.concat([front, keyBytes, value ?? new Uint8Array(), Buffer.from("behind")]);
  const keyEnd = front.length + keyBytes.length;
  states.load(step, partition, bytes, front.length, keyEnd, keyEnd, value === undefined ? -1 : keyEnd + value.length);
}
