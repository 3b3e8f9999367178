/**
 * Steps what runs on this thread: workers while they are active, a few milliseconds at a time so that sockets and timers get
 * their turn, then parks until something arrives or the next time that anybody asked for.
 */
export interface Driven {
  /** True while there is more to do now. */
  step(): boolean;
  /** Called when nobody has more to do: waits for microseconds, on this thread, for what another one is about to send. True: it is there. */
  linger?(): boolean;
  /** Milliseconds since the Unix epoch at which `step` wants to be called though nothing arrived. */
  nextTime(): number | undefined;
}
export interface Driver {
  /** Returns what removes it. */
  add(driven: Driven): () => void;
  wake(): void;
  stop(): void;
  /** Time spent in turns, in seconds, without that spent lingering. A turn in which nothing was to do is over in microseconds. */
  busySeconds(): number;
}

/** How long workers may run before the event loop has its turn, in milliseconds. */
const turn = 4;

/** @param clock milliseconds that never run backwards, by which turns are measured */
export function drive(clock: () => number = () => performance.now()): Driver {
  const members = new Set<Driven>();
  let state: "parked" | "scheduled" | "running" | "stopped" = "parked";
  let timer: NodeJS.Timeout | undefined;
  let woken = false;
  let busyMs = 0;

  const run = (): void => {
    if (state === "stopped") return;
    state = "running";
    const begin = clock();
    const until = begin + turn;
    let active: boolean;
    let lingered = 0;
    do {
      woken = false;
      active = false;
      for (const member of members) if (member.step()) active = true;
      if (active || woken || isStopped()) continue;
      const since = clock();
      for (const member of members) if (member.linger?.() === true) active = true;
      lingered += clock() - since;
    } while ((active || woken) && clock() < until && !isStopped());
    busyMs += clock() - begin - lingered;
    if (isStopped()) return;
    if (active || woken) {
      state = "scheduled";
      setImmediate(run);
      return;
    }
    park();
  };
  const isStopped = (): boolean => (state as string) === "stopped";

  const park = (): void => {
    state = "parked";
    let next = Infinity;
    for (const member of members) next = Math.min(next, member.nextTime() ?? Infinity);
    if (next === Infinity) return;
    timer = setTimeout(run, Math.max(0, Math.min(next - Date.now(), 2 ** 31 - 1)));
  };

  const wake = (): void => {
    woken = true;
    if (state !== "parked") return;
    clearTimeout(timer);
    state = "scheduled";
    setImmediate(run);
  };

  return {
    add(driven) {
      members.add(driven);
      wake();
      return () => members.delete(driven);
    },
    wake,
    busySeconds: () => busyMs / 1000,
    stop() {
      state = "stopped";
      clearTimeout(timer);
      members.clear();
    },
  };
}
