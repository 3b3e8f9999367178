/** A windower that a user wrote, with what it returns checked: a wrong answer stops the flow where it was given. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";
import { AlignedWindows } from "./aligned.ts";
import { SessionWindows } from "./session.ts";
import type { WindowMeta, WindowerLogic } from "./types.ts";

/** The windowers of this folder also know when a window that has not been opened yet would close. */
export type KnownWindows = AlignedWindows | SessionWindows;
export function isKnown(logic: WindowerLogic): logic is KnownWindows {
  return logic instanceof AlignedWindows || logic instanceof SessionWindows;
}

export function checkedWindower(logic: WindowerLogic): WindowerLogic {
  return isKnown(logic) ? logic : new CheckedWindower(logic);
}

class CheckedWindower implements WindowerLogic {
  private readonly logic: WindowerLogic;

  constructor(logic: WindowerLogic) {
    this.logic = logic;
  }
  openFor(timestamp: number, watermark: number): readonly number[] {
    return checkIds(this.logic.openFor(timestamp, watermark), "openFor()");
  }
  lateFor(timestamp: number): readonly number[] {
    return checkIds(this.logic.lateFor(timestamp), "lateFor()");
  }
  merged(): readonly (readonly [from: number, into: number])[] {
    const pairs: unknown = this.logic.merged();
    if (Array.isArray(pairs) && pairs.every(isPairOfIds)) return pairs;
    throw badReturn("merged()", "a list of [from, into]", pairs);
  }
  closeFor(watermark: number): readonly (readonly [windowId: number, meta: WindowMeta])[] {
    const closed: unknown = this.logic.closeFor(watermark);
    if (Array.isArray(closed) && closed.every((pair: unknown) => Array.isArray(pair) && isId(pair[0]) && isMeta(pair[1])))
      return closed;
    throw badReturn("closeFor()", "a list of [windowId, meta]", closed);
  }
  notifyAt(): number | undefined {
    const time: unknown = this.logic.notifyAt();
    if (time === undefined || (typeof time === "number" && !Number.isNaN(time))) return time;
    throw badReturn("notifyAt()", "a time or undefined", time);
  }
  isEmpty(): boolean {
    return this.logic.isEmpty();
  }
  snapshot(): unknown {
    return this.logic.snapshot();
  }
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value);
}
function isPairOfIds(value: unknown): boolean {
  return Array.isArray(value) && isId(value[0]) && isId(value[1]);
}
function isMeta(value: unknown): boolean {
  return typeof value === "object" && value !== null && "openTime" in value && "closeTime" in value;
}
function checkIds(value: unknown, method: string): readonly number[] {
  if (Array.isArray(value) && value.every(isId)) return value;
  throw badReturn(method, "a list of window ids, which are integers", value);
}
function badReturn(method: string, what: string, value: unknown): WeirError {
  return new WeirError("WEIR_BAD_RETURN", `the windower's ${method} must return ${what}, not ${show(value)}`);
}
