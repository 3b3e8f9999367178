/** Driver of collect: a list per key, handed on when it is full, when no value came for a while, and at end of input. */
import type { Entry } from "../state/entry.ts";
import type { DriverOf } from "./driver.ts";

export function collectDriver(maxSize: number, timeoutMs: number): DriverOf {
  return ({ state, wakes, outlets, now }) => {
    const outlet = outlets[0]!;
    const handOn = (entry: Entry) => {
      outlet.push(entry.key, entry.state);
      state.discard(entry);
    };
    return {
      batch(keys, values) {
        // Every value pushes its key's deadline forward. One reading of the clock serves the chunk.
        const deadline = timeoutMs === Infinity ? Infinity : now() + timeoutMs;
        for (let i = 0; i < values.length; i++) {
          const entry = state.open(keys[i]!);
          const list = (entry.state ??= []) as unknown[];
          if (list.push(values[i]) >= maxSize) handOn(entry);
          else if (deadline !== Infinity && entry.wake !== deadline) wakes.set(entry, deadline);
        }
      },
      notify: handOn,
      eof: handOn,
      snapshot: (entry) => entry.state,
      revive(entry, resumed) {
        entry.state = resumed;
      },
    };
  };
}
