import type { Random } from "./random.ts";

/**
 * Virtual time: what is due runs in an order that the seed picks; when nothing is runnable, time jumps. Promises settle between
 * two actions, so that a run depends on nothing but the seed.
 */
export interface Schedule {
  now(): number;
  /** Runs `action` at `at` (virtual milliseconds) or later. */
  at(at: number, action: () => void): void;
  /** Something that may be run at any moment: returns whether it did something; `nextTime` says when it wants to run at the latest. */
  addActor(actor: Actor): () => void;
  sleep(ms: number): Promise<void>;
  /** Runs until `done`, or fails when virtual time passes `limit`. */
  run(done: () => boolean, limit: number): Promise<void>;
}
export interface Actor {
  step(): boolean;
  nextTime(): number | undefined;
}

interface Timed {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** Rounds in which nobody has anything to do and no time is waited for. */
const patience = 10;

export function createSchedule(random: Random): Schedule {
  let now = 1_000_000;
  let order = 0;
  const timed: Timed[] = [];
  const actors = new Set<Actor>();
  const asleep = new Set<Actor>();

  const insert = (entry: Timed): void => {
    let low = 0;
    let high = timed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = timed[middle]!;
      if (other.at < entry.at || (other.at === entry.at && other.order < entry.order)) low = middle + 1;
      else high = middle;
    }
    timed.splice(low, 0, entry);
  };

  return {
    now: () => now,
    at: (at, action) => insert({ at: Math.max(at, now), order: order++, action }),
    addActor(actor) {
      actors.add(actor);
      return () => {
        actors.delete(actor);
        asleep.delete(actor);
      };
    },
    sleep(ms) {
      return new Promise((resolve) => insert({ at: now + ms, order: order++, action: resolve }));
    },
    async run(done, limit) {
      let idle = 0;
      while (!done()) {
        const awake = [...actors].filter((actor) => !asleep.has(actor));
        const due = timed.length > 0 && timed[0]!.at <= now;
        if (due && (awake.length === 0 || random.chance(0.5))) {
          timed.shift()!.action();
          asleep.clear();
        } else if (awake.length > 0) {
          const actor = awake[random.integer(awake.length)]!;
          if (actor.step()) {
            asleep.clear();
            idle = 0;
          } else asleep.add(actor);
        } else {
          let next = timed[0]?.at ?? Infinity;
          for (const actor of actors) next = Math.min(next, actor.nextTime() ?? Infinity);
          asleep.clear();
          // A promise may have settled after its actor's last step, and a step that says there is no more to do may have begun the
          // next one (a sink is sealed, then closed): everybody is asked some more times before this counts as the end.
          if (next === Infinity && ++idle > patience) now = limit + 1;
          // A timer in the past whose actor had nothing to do must not hold time still.
          else if (next !== Infinity) now = Math.max(now + 1, next);
          if (next !== Infinity) idle = 0;
        }
        // Let what was awaited settle: several turns, since one promise leads to the next.
        for (let turn = 0; turn < 4; turn++) await Promise.resolve();
        await new Promise(setImmediate);
        if (now > limit) throw new Error(`nothing more happens: virtual time passed ${limit} ms and the flow is not done`);
      }
    },
  };
}
