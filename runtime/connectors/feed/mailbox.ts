/**
 * Between a connection, which delivers when it likes, and the input step, which asks when it can: entries wait here. The
 * connection looks at `full` and waits for `room`; the mailbox itself never refuses an entry.
 *
 * `take` gives a promise each time, so that a snapshot can be taken while nothing arrives (see part-reader.ts).
 */
export interface Mailbox<E> {
  put(entry: E, bytes: number): void;
  /** All that waits, up to `limit` entries; when nothing does, the next to come. null: it has ended and is empty. */
  take(limit: number): Promise<E[] | null>;
  /** As many entries or bytes as allowed, or more. */
  readonly full: boolean;
  readonly length: number;
  /** Called each time that entries were taken from a full mailbox and it is at most half full now, and when it ends. */
  onRoom: (() => void) | undefined;
  /** Removes the oldest entry. */
  dropOldest(): E | undefined;
  /** Nothing more comes. */
  end(): void;
  /** What waits is still given out, then takers get the error. */
  fail(error: unknown): void;
}

export function createMailbox<E>(most: number, mostBytes: number): Mailbox<E> {
  let entries: { readonly entry: E; readonly bytes: number }[] = [];
  /** Entries before it are gone. */
  let first = 0;
  let bytes = 0;
  let wasFull = false;
  let over: { readonly error?: unknown } | undefined;
  let waiting: (() => void) | undefined;
  const wake = (): void => {
    const then = waiting;
    waiting = undefined;
    then?.();
  };
  const length = (): number => entries.length - first;
  const full = (): boolean => length() >= most || bytes >= mostBytes;
  const compact = (): void => {
    if (first < 1_024 && first < entries.length) return;
    entries = entries.slice(first);
    first = 0;
  };
  const mailbox: Mailbox<E> = {
    onRoom: undefined,
    put(entry, size) {
      if (over !== undefined) return;
      entries.push({ entry, bytes: size });
      bytes += size;
      if (full()) wasFull = true;
      wake();
    },
    async take(limit) {
      while (length() === 0 && over === undefined) await new Promise<void>((resolve) => (waiting = resolve));
      if (length() === 0) {
        if ("error" in over!) throw over.error;
        return null;
      }
      const taken = entries.slice(first, first + limit);
      first += taken.length;
      for (const each of taken) bytes -= each.bytes;
      compact();
      if (wasFull && length() <= most / 2 && bytes <= mostBytes / 2) {
        wasFull = false;
        mailbox.onRoom?.();
      }
      return taken.map(({ entry }) => entry);
    },
    get full() {
      return full();
    },
    get length() {
      return length();
    },
    dropOldest() {
      const oldest = entries[first];
      if (oldest === undefined) return undefined;
      first++;
      bytes -= oldest.bytes;
      compact();
      return oldest.entry;
    },
    end() {
      over ??= {};
      wake();
      mailbox.onRoom?.();
    },
    fail(error) {
      over ??= { error };
      wake();
      mailbox.onRoom?.();
    },
  };
  return mailbox;
}
