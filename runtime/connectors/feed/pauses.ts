/**
 * Pauses between attempts to connect: each failure in a row doubles the pause, up to a largest, and chance shortens it, so that
 * clients which lost one server do not come back together ("full jitter" between half and whole). Counts how long it has been going on.
 */
export interface Pauses {
  /** The connection stands: the next failure is the first again. */
  succeeded(): void;
  /** A failure: the pause before the next attempt, in ms; undefined = there have been none but failures for too long. */
  failed(): number | undefined;
}

export interface PausesOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** Without success for so long: give up. */
  readonly giveUpMs: number;
  readonly now?: () => number;
  readonly random?: () => number;
}

export function createPauses({ minMs, maxMs, giveUpMs, now = Date.now, random = Math.random }: PausesOptions): Pauses {
  let failures = 0;
  let since: number | undefined;
  return {
    succeeded() {
      failures = 0;
      since = undefined;
    },
    failed() {
      since ??= now();
      if (now() - since >= giveUpMs) return undefined;
      const whole = Math.min(maxMs, minMs * 2 ** Math.min(failures++, 30));
      return whole * (0.5 + random() / 2);
    },
  };
}
