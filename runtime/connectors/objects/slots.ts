/** How many may do something at a time; the others wait in the order in which they came. */
export interface Slots {
  /** Resolves with what gives the slot back; calling that again does nothing. */
  take(): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const give = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    };
  };
  return {
    take() {
      if (free > 0) {
        free--;
        return Promise.resolve(give());
      }
      return new Promise((resolve) => waiting.push(() => resolve(give())));
    },
  };
}
