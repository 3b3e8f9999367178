/**
 * Windows, slow and obvious: when all has been said, take the values that were not late, sort them, and put each into its
 * windows. Only lateness needs the history, and its rule is one line per value.
 */
import type { Timed } from "./one-key.ts";

export type Step = { readonly values: readonly Timed[] } | { readonly passMs: number } | { readonly rebuild: true };
export type Shape =
  | { readonly kind: "aligned"; readonly lengthMs: number; readonly offsetMs: number; readonly alignTo: number }
  | { readonly kind: "session"; readonly gapMs: number };
export interface ModelWindow {
  readonly openTime: number;
  readonly closeTime: number;
  readonly names: string;
}

export function windowIds(shape: Shape & { kind: "aligned" }, at: number): number[] {
  const ids: number[] = [];
  // Far too wide a range, tried one by one.
  for (let id = -400; id <= 400; id++) {
    const open = shape.alignTo + id * shape.offsetMs;
    if (open <= at && at < open + shape.lengthMs) ids.push(id);
  }
  return ids;
}

/** Which values are on time and which are late. A key of aligned windows whose windows have all closed forgets its watermark. */
export function judge(shape: Shape, waitMs: number, script: readonly Step[]): { onTime: Timed[][]; late: Timed[] } {
  let now = 0;
  let seen: { at: number; readAt: number }[] = [];
  const late: Timed[] = [];
  /** One list per life of the key. */
  const lives: Timed[][] = [[]];
  const watermark = (): number => Math.max(-Infinity, ...seen.map(({ at, readAt }) => at - waitMs + (now - readAt)));
  const forget = (): void => {
    const closed = (value: Timed): boolean =>
      shape.kind === "aligned" &&
      windowIds(shape, value.at).every((id) => shape.alignTo + id * shape.offsetMs + shape.lengthMs <= watermark());
    if (shape.kind === "aligned" && seen.length > 0 && lives.at(-1)!.every(closed)) {
      seen = [];
      lives.push([]);
    }
  };
  for (const step of script) {
    if ("passMs" in step) {
      // The key wakes up on the way, at some time between; what it forgets then it forgets now as well, since nothing arrives.
      now += step.passMs;
      forget();
    } else if ("values" in step) {
      for (const value of step.values) {
        seen.push({ at: value.at, readAt: now });
        if (value.at < watermark()) late.push(value);
        else lives.at(-1)!.push(value);
      }
      forget();
    }
  }
  return { onTime: lives, late };
}

export function windowsOf(shape: Shape, values: readonly Timed[], ordered: boolean): ModelWindow[] {
  const inOrder = values.toSorted((a, b) => a.at - b.at);
  const groups: { openTime: number; closeTime: number; members: Timed[] }[] = [];
  if (shape.kind === "aligned") {
    for (let id = -400; id <= 400; id++) {
      const openTime = shape.alignTo + id * shape.offsetMs;
      const members = inOrder.filter((value) => openTime <= value.at && value.at < openTime + shape.lengthMs);
      if (members.length > 0) groups.push({ openTime, closeTime: openTime + shape.lengthMs, members });
    }
  } else {
    for (const value of inOrder) {
      const last = groups.at(-1);
      if (last !== undefined && value.at - last.closeTime <= shape.gapMs) {
        last.closeTime = value.at;
        last.members.push(value);
      } else groups.push({ openTime: value.at, closeTime: value.at, members: [value] });
    }
  }
  return groups.map(({ openTime, closeTime, members }) => {
    // Unordered values of a session are in an order that depends on merges, which is not what this model is about.
    const shown = ordered
      ? members
      : shape.kind === "aligned"
        ? values.filter((value) => members.includes(value))
        : members.toSorted(byName);
    return { openTime, closeTime, names: shown.map((value) => value.name).join("") };
  });
}

export function byName(a: Timed, b: Timed): number {
  return a.name < b.name ? -1 : 1;
}
