/**
 * Windows of activity: values at most `gapMs` apart are in one session. Its times are those of its first and last value,
 * both inside. A value that comes between two sessions and near enough to both merges the later one into the one that opened
 * earlier. A session closes once the watermark is more than `gapMs` behind its last value: a value exactly `gapMs` after it still belongs to it.
 *
 * Invariant: sessions are more than `gapMs` apart. Ids count up from 0 per key and are never used again, which is why the
 * logic is never empty.
 */
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../option-checks.ts";
import { show } from "../show.ts";
import type { WindowMeta, Windower, WindowerLogic } from "./types.ts";
import { type SessionState, checkWindower } from "./windower-state.ts";

/** The id in the place of the session a late value would have been in: nobody knows it. */
const lateId = -1;

/** Throws WEIR_FLOW_OPTION when the gap is negative or not finite. */
export function session(options: { gapMs: number }): Windower {
  checkOptionsObject("session", options);
  const { gapMs } = options;
  if (typeof gapMs !== "number" || !(gapMs >= 0 && gapMs < Infinity)) {
    throw new WeirError("WEIR_FLOW_OPTION", `session: gapMs must be zero or more milliseconds, not ${show(gapMs)}`);
  }
  return { build: (resume) => new SessionWindows(gapMs, resume) };
}

interface Session {
  readonly id: number;
  /** What `openFor` returns for it, made once. */
  readonly ids: readonly number[];
  openTime: number;
  closeTime: number;
  mergedIds: readonly number[];
}

const noMerges: readonly (readonly [number, number])[] = Object.freeze([]);
const noneClosed: readonly (readonly [number, WindowMeta])[] = Object.freeze([]);
const noIds: readonly number[] = Object.freeze([]);
const lateIds: readonly number[] = Object.freeze([lateId]);

export class SessionWindows implements WindowerLogic {
  private readonly gap: number;
  private nextId: number;
  /** By id. */
  private readonly sessions: Session[] = [];
  private merges: (readonly [from: number, into: number])[] = [];

  constructor(gap: number, resume: unknown) {
    this.gap = gap;
    const state = checkWindower<SessionState>(resume, ["session", gap]);
    this.nextId = state?.[2] ?? 0;
    for (const [id, openTime, closeTime, mergedIds] of state?.[3] ?? [])
      this.sessions.push({ id, ids: [id], openTime, closeTime, mergedIds });
  }

  openFor(timestamp: number, _watermark: number): readonly number[] {
    for (const session of this.sessions) {
      const before = session.openTime - timestamp;
      const after = timestamp - session.closeTime;
      if (before > this.gap || after > this.gap) continue;
      if (before > 0) session.openTime = timestamp;
      else if (after > 0) session.closeTime = timestamp;
      else return session.ids;
      if (this.sessions.length > 1 && this.touches(session)) this.mergeAll();
      // The value goes into this session even if it was merged just now: values are applied before merges.
      return session.ids;
    }
    const id = this.nextId++;
    const opened: Session = { id, ids: [id], openTime: timestamp, closeTime: timestamp, mergedIds: noIds };
    this.sessions.push(opened);
    return opened.ids;
  }
  lateFor(_timestamp: number): readonly number[] {
    return lateIds;
  }
  merged(): readonly (readonly [number, number])[] {
    if (this.merges.length === 0) return noMerges;
    const merges = this.merges;
    this.merges = [];
    return merges;
  }
  closeFor(watermark: number): readonly (readonly [number, WindowMeta])[] {
    if (!this.closes(watermark)) return noneClosed;
    const closed = this.sessions.filter((session) => session.closeTime < watermark - this.gap);
    for (const session of closed) this.sessions.splice(this.sessions.indexOf(session), 1);
    closed.sort(byTime);
    return closed.map(({ id, openTime, closeTime, mergedIds }) => [id, { openTime, closeTime, mergedIds }]);
  }
  /** The last instant at which a value may still join the session that ends first; it closes right after. */
  notifyAt(): number | undefined {
    if (this.sessions.length === 0) return undefined;
    let earliest = Infinity;
    for (const session of this.sessions) if (session.closeTime < earliest) earliest = session.closeTime;
    return earliest + this.gap;
  }
  /** When a session that ends at `timestamp` would close. */
  closesAt(timestamp: number): number {
    return timestamp + this.gap;
  }
  isEmpty(): boolean {
    return false;
  }
  snapshot(): SessionState {
    return [
      "session",
      this.gap,
      this.nextId,
      this.sessions.map(({ id, openTime, closeTime, mergedIds }) => [id, openTime, closeTime, mergedIds] as const),
    ];
  }

  private closes(watermark: number): boolean {
    for (const session of this.sessions) if (session.closeTime < watermark - this.gap) return true;
    return false;
  }
  /** Whether a session that has grown has come near enough to another one. */
  private touches(grown: Session): boolean {
    for (const session of this.sessions) {
      if (session === grown) continue;
      if (session.openTime - grown.closeTime <= this.gap && grown.openTime - session.closeTime <= this.gap) return true;
    }
    return false;
  }
  private mergeAll(): void {
    const inOrder = this.sessions.toSorted(byTime);
    let into = inOrder[0]!;
    for (const session of inOrder.slice(1)) {
      if (session.openTime - into.closeTime > this.gap) {
        into = session;
        continue;
      }
      into.closeTime = Math.max(into.closeTime, session.closeTime);
      into.mergedIds = [...into.mergedIds, session.id, ...session.mergedIds].toSorted((a, b) => a - b);
      this.merges.push([session.id, into.id]);
      this.sessions.splice(this.sessions.indexOf(session), 1);
    }
  }
}

function byTime(a: Session, b: Session): number {
  return a.openTime - b.openTime;
}
