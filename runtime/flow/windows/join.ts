/**
 * The aggregate join: what each side has brought into the window. The state has a list per side: empty while the side has
 * brought nothing, one value under "first" and "last", all values under "product".
 *
 *   complete  a row (rows) when every side has a value; then the sides are forgotten, and the window stays open
 *   final     a row (rows) when the window closes
 *   running   a row (rows) after every value, even one that "first" does not keep
 */
import { WeirError } from "../../errors/index.ts";
import type { JoinOptions } from "../logic.ts";
import { show } from "../show.ts";
import type { WindowAggregate } from "./aggregate.ts";
import type { WindowEvents } from "./types.ts";

/** A value with the index of its side; 0 is the stream that `join` was called on. */
export type SideValue = readonly [side: number, value: unknown];
type Sides = unknown[][];

/** Throws WEIR_FLOW_OPTION for an unknown mode. */
export function joinWindow(sideCount: number, options: JoinOptions = {}): WindowAggregate<SideValue, Sides> {
  const { insert = "last", emit = "final" } = options;
  if (insert !== "first" && insert !== "last" && insert !== "product") {
    throw new WeirError("WEIR_FLOW_OPTION", `join: insert must be "first", "last" or "product", not ${show(insert)}`);
  }
  if (emit !== "complete" && emit !== "final" && emit !== "running") {
    throw new WeirError("WEIR_FLOW_OPTION", `join: emit must be "complete", "final" or "running", not ${show(emit)}`);
  }
  const empty = (): Sides => {
    const sides: Sides = [];
    for (let side = 0; side < sideCount; side++) sides.push([]);
    return sides;
  };

  const add = (sides: Sides, given: SideValue): Sides => {
    const kept = sides[given[0]]!;
    const value = given[1];
    if (insert === "product") kept.push(value);
    else if (insert === "last" || kept.length === 0) kept[0] = value;
    return sides;
  };
  const merge = (into: Sides, from: Sides): Sides =>
    into.map((kept, side) => {
      const other = from[side]!;
      if (insert === "product") return [...kept, ...other];
      const [preferred, spare] = insert === "first" ? [kept, other] : [other, kept];
      return preferred.length > 0 ? preferred : spare;
    });
  const emitRows = (sides: Sides, windowId: number, events: WindowEvents): void => {
    for (const row of rows(sides)) events.down(windowId, row);
  };
  const aggregate: WindowAggregate<SideValue, Sides> = {
    kind: `join ${insert} ${emit} ${sideCount}`,
    commutes: false,
    open: (value) => add(empty(), value),
    add,
    merge,
    close(sides, windowId, events) {
      if (emit === "final") emitRows(sides, windowId, events);
    },
    save: (sides) => sides.map((kept) => kept.slice()),
    load: (saved) => (saved as Sides).map((kept) => kept.slice()),
  };
  if (emit === "final") return aggregate;
  return {
    ...aggregate,
    changed(sides, windowId, events) {
      if (emit === "running") {
        emitRows(sides, windowId, events);
        return sides;
      }
      if (sides.some((kept) => kept.length === 0)) return sides;
      emitRows(sides, windowId, events);
      return empty();
    },
  };
}

/** The cartesian product, the last side fastest; a side without a value counts as one null. */
export function rows(sides: readonly (readonly unknown[])[]): unknown[][] {
  if (sides.every(hasOneAtMost)) return [sides.map(oneOf)];
  let product: unknown[][] = [[]];
  for (const kept of sides) {
    const values = kept.length === 0 ? [null] : kept;
    product = product.flatMap((row) => values.map((value) => [...row, value]));
  }
  return product;
}

const hasOneAtMost = (kept: readonly unknown[]): boolean => kept.length < 2;
const oneOf = (kept: readonly unknown[]): unknown => (kept.length === 0 ? null : kept[0]);
