/**
 * The inputs of one execution, as process 0 knows them: which parts of each are open, which worker reads them, and how an input
 * comes to its end.
 *
 *   running ─▶ (all parts ended) ─▶ listing once more ─▶ ending (announced by the next tick) ─▶ ended
 *      ▲                                    │
 *      └───────── parts have appeared ──────┘
 *
 * Invariants: a part is assigned once; an input ends only after a listing, begun when all its parts had ended, that found no
 * other; its end is announced once, and never taken back.
 */
import type { Awaitable } from "../flow/index.ts";
import { asWeirError, isWeirError, type WeirError } from "../errors/index.ts";
import { createPartAssignment } from "./part-assignment.ts";

export interface CoordinatedSource {
  readonly step: string;
  /** undefined: one reader per worker, nothing to list. */
  list?(): Awaitable<Iterable<string>>;
}

export interface InputsOptions {
  readonly sources: readonly CoordinatedSource[];
  readonly workers: number;
  /** How often parts are listed again, in milliseconds. */
  readonly listEveryMs: number;
  /** The execution takes no more parts: what is listed from now on is of no account. */
  readonly closed: () => boolean;
  readonly onAssign: (step: string, part: string, worker: number) => void;
  /** Parts were listed again, or could not be: there may be more to do. */
  readonly onListed: () => void;
  readonly onFailed: (error: WeirError) => void;
}

export interface Inputs {
  /** Lists all parts for the first time; returns who reads them, per step that lists any. @throws WEIR_SOURCE_FAILED */
  open(): Promise<Record<string, (readonly [part: string, worker: number])[]>>;
  /** The execution begins: parts are listed again from here on, when it is time. */
  begin(now: number): void;
  /** True: it was the last one open of its input. */
  partEnded(step: string, part: string): boolean;
  /** Lists what is due: inputs all of whose parts have ended at once, the others now and then. */
  poll(now: number): void;
  /** When parts are to be listed next, in milliseconds of the clock; Infinity while all of them are. */
  nextTime(): number;
  /** Steps whose end the tick that is about to be sent announces. */
  takeEnding(): string[];
  /** An end waits to be announced. */
  readonly ending: boolean;
  /** All have ended, or will with the next tick. */
  readonly allEnded: boolean;
}

interface Input {
  readonly source: CoordinatedSource;
  readonly open: Set<string>;
  /** Listings begun; the last one decides whether it ends. */
  begun: number;
  phase: "running" | "listing" | "ending" | "ended";
}

export function createInputs(options: InputsOptions): Inputs {
  const assignment = createPartAssignment(options.workers);
  const inputs = new Map<string, Input>();
  for (const source of options.sources) inputs.set(source.step, { source, open: new Set(), begun: 0, phase: "running" });
  let listedAt = 0;
  const listing = new Set<Input>();

  const failure = (error: unknown, step: string): WeirError =>
    asWeirError(error, "WEIR_SOURCE_FAILED", `step "${step}": its parts could not be listed`, step);

  const isInterruption = (error: unknown): boolean => isWeirError(error) && error.code === "WEIR_SOURCE_INTERRUPTED";

  /** Adds parts that have appeared; an input whose parts have all ended is listed once more before it ends. */
  const list = async (input: Input): Promise<void> => {
    const { step } = input.source;
    const mine = ++input.begun;
    try {
      const parts = await input.source.list!();
      // What another listing finds after the one that decided comes too late.
      if (options.closed() || input.phase === "ending" || input.phase === "ended") return;
      for (const [part, worker] of assignment.add(step, parts)) {
        input.open.add(part);
        options.onAssign(step, part, worker);
      }
      // One that was begun before all parts had ended may have looked before the last of them appeared: it cannot tell that there is none.
      if (input.phase === "listing" && input.open.size > 0) input.phase = "running";
      else if (input.phase === "listing" && mine === input.begun) input.phase = "ending";
      options.onListed();
    } catch (error) {
      if (!isInterruption(error)) return options.onFailed(failure(error, step));
      // It is asked again, when it is due or when there is nothing else left of the input.
      if (input.phase !== "listing") options.onListed();
      else if (mine === input.begun) input.phase = "running";
    }
  };

  /** A listing that takes long, of a source whose service is away perhaps, keeps nobody else from theirs. */
  const listable = (input: Input): boolean => input.phase === "running" && input.source.list !== undefined && !listing.has(input);

  return {
    async open() {
      const listed: Record<string, (readonly [string, number])[]> = {};
      for (const { source, open } of inputs.values()) {
        if (source.list === undefined) {
          for (let worker = 0; worker < options.workers; worker++) open.add(`worker-${worker}`);
          continue;
        }
        try {
          const parts = [...(await source.list())];
          listed[source.step] = assignment.add(source.step, parts);
          for (const part of parts) open.add(part);
        } catch (error) {
          if (!isInterruption(error)) throw failure(error, source.step);
          // Its parts come when they can be listed; the other inputs need not wait for that, nor may the attempts run out meanwhile.
          listed[source.step] = [];
        }
      }
      return listed;
    },
    begin: (now) => void (listedAt = now),
    partEnded(step, part) {
      const input = inputs.get(step);
      input?.open.delete(part);
      return input?.open.size === 0;
    },
    poll(now) {
      for (const input of inputs.values()) {
        if (input.phase !== "running" || input.open.size > 0) continue;
        if (input.source.list === undefined) input.phase = "ending";
        else {
          input.phase = "listing";
          void list(input);
        }
      }
      if (now - listedAt < options.listEveryMs) return;
      listedAt = now;
      for (const input of inputs.values()) {
        if (!listable(input)) continue;
        listing.add(input);
        void list(input).finally(() => listing.delete(input));
      }
    },
    nextTime: () => (listing.size > 0 && ![...inputs.values()].some(listable) ? Infinity : listedAt + options.listEveryMs),
    takeEnding() {
      const ended: string[] = [];
      for (const input of inputs.values()) {
        if (input.phase !== "ending") continue;
        input.phase = "ended";
        ended.push(input.source.step);
      }
      return ended;
    },
    get ending() {
      return [...inputs.values()].some(({ phase }) => phase === "ending");
    },
    get allEnded() {
      return [...inputs.values()].every(({ phase }) => phase === "ending" || phase === "ended");
    },
  };
}
