/** What an operator keeps per time, in time order. A list, as few times are open at once; the newest is looked at first. */
import { compareTimes, type Time } from "../progress/index.ts";

export interface TimeMap<T, V> {
  /** The value of `time`, made by `create` when there is none. */
  at(time: T, create: (time: T) => V): V;
  /** Takes the value of `time` out. */
  take(time: T): V | undefined;
  entries(): readonly (readonly [time: T, value: V])[];
  /** Takes out those that `test` holds for, in time order. */
  takeWhere(test: (time: T) => boolean): (readonly [time: T, value: V])[];
}

export function createTimeMap<T, V>(): TimeMap<T, V> {
  let entries: (readonly [time: T, value: V])[] = [];
  /** The position of `time`, or where it would stand, as -1 - position. */
  const search = (time: T): number => {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = high - low < 4 ? high - 1 : (low + high) >>> 1;
      const order = compareTimes(entries[middle]![0] as Time, time as Time);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1 - low;
  };
  return {
    at(time, create) {
      const found = search(time);
      if (found >= 0) return entries[found]![1];
      const value = create(time);
      entries.splice(-1 - found, 0, [time, value]);
      return value;
    },
    take(time) {
      const found = search(time);
      return found < 0 ? undefined : entries.splice(found, 1)[0]![1];
    },
    entries: () => entries,
    takeWhere(test) {
      const taken = entries.filter(([time]) => test(time));
      if (taken.length > 0) entries = entries.filter(([time]) => !test(time));
      return taken;
    },
  };
}
