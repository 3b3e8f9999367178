/**
 * Driver of join. A key's state is one list per side: empty, or the value that is kept, or all of them ("product"). A row
 * has a value per side, null where a side has none; product rows count up like digits, the last side fastest.
 */
import type { JoinEmit, JoinInsert } from "../logic.ts";
import type { Entry } from "../state/entry.ts";
import type { DriverOf } from "./driver.ts";

export function joinDriver(sides: number, insert: JoinInsert, emit: JoinEmit): DriverOf {
  return ({ state, outlets }) => {
    const outlet = outlets[0]!;
    const emitRows = (entry: Entry) => {
      for (const row of joinRows(entry.state)) outlet.push(entry.key, row);
    };
    const finish = (entry: Entry) => {
      emitRows(entry);
      state.discard(entry);
    };
    return {
      batch(keys, values, side) {
        for (let i = 0; i < values.length; i++) {
          const entry = state.open(keys[i]!);
          const lists = (entry.state ??= Array.from({ length: sides }, () => [])) as unknown[][];
          const list = lists[side]!;
          if (list.length === 0 || insert === "product") list.push(values[i]);
          else if (insert === "last") list[0] = values[i];
          if (emit === "running") emitRows(entry);
          else if (emit === "complete" && lists.every((one) => one.length > 0)) finish(entry);
        }
      },
      ...(emit === "final" ? { eof: finish } : {}),
      snapshot: (entry) => entry.state,
      revive(entry, resumed) {
        entry.state = resumed;
      },
    };
  };
}

const missing: readonly unknown[] = [null];

export function joinRows(lists: readonly (readonly unknown[])[]): unknown[][] {
  let rows: unknown[][] = [[]];
  for (const list of lists) {
    const values = list.length === 0 ? missing : list;
    rows = values.length === 1 ? rows : rows.flatMap((row) => values.map(() => row.slice()));
    for (let i = 0; i < rows.length; i++) rows[i]!.push(values[i % values.length]);
  }
  return rows;
}
