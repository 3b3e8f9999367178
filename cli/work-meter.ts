/**
 * How far long work on a store has come, on standard error: rewritten in place on a terminal, a line every few seconds
 * elsewhere, and nothing at all for what is over at once.
 */
import { formatBytes } from "./table.ts";
import type { Store } from "../runtime/recovery/types.ts";

export interface WorkMeter {
  /** More has been done; of `total`, when that is known. */
  show(text: string): void;
  end(): void;
}

const patience = 300;
const plainEveryMs = 5000;

export function createWorkMeter(
  stream: NodeJS.WriteStream = process.stderr,
  clock: () => number = performance.now.bind(performance),
): WorkMeter {
  const beginning = clock();
  let shownAt = 0;
  let open = false;
  return {
    show(text) {
      const now = clock();
      if (now - beginning < patience) return;
      if (stream.isTTY) {
        if (open && now - shownAt < 100) return;
        stream.write(`\r\u001b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
        open = true;
      } else {
        if (now - Math.max(shownAt, beginning) < plainEveryMs) return;
        stream.write(`${text}\n`);
      }
      shownAt = now;
    },
    end() {
      if (open) stream.write("\r\u001b[K");
      open = false;
    },
  };
}

/** A store that shows how much was read and written through it. */
export function metered(store: Store, meter: WorkMeter): Store {
  let read = 0;
  let written = 0;
  const show = (): void => meter.show(`read ${formatBytes(read)}, written ${formatBytes(written)}`);
  return {
    ...store,
    url: store.url,
    async get(name) {
      const object = await store.get(name);
      read += object?.bytes.byteLength ?? 0;
      show();
      return object;
    },
    async put(name, bytes) {
      await store.put(name, bytes);
      written += bytes.byteLength;
      show();
    },
  };
}
