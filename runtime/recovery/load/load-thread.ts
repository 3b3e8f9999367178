/** Entry of the loader's thread: batches out, no more ahead than the window; the work is in load-snapshot.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { openFileCache } from "../files/index.ts";
import { openStore } from "../stores/index.ts";
import { toPosted, transferable } from "../thread/index.ts";
import { type FromLoader, type LoadThreadData, loadWindow } from "./load-in-thread.ts";
import { loadSnapshot } from "./load-snapshot.ts";

const port = parentPort as NonNullable<typeof parentPort>;
const { address, snapshot, options } = workerData as LoadThreadData;
const post = (message: FromLoader, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(message, transfer);
let credit = loadWindow;
let wake: () => void = () => undefined;
port.on("message", () => {
  credit += 1;
  wake();
});

try {
  const store = openStore(address.url, address);
  const source = options.cacheDirectory === undefined ? undefined : (await openFileCache(options.cacheDirectory)).source(store);
  const [partitions, steps] = [new Set(options.partitions), options.steps === undefined ? undefined : new Set(options.steps)];
  const wanted = {
    partitions: (p: number) => partitions.has(p),
    parts: options.parts,
    steps: (step: string) => steps?.has(step) !== false,
    except: options.except === undefined ? undefined : new Set(options.except),
  };
  for await (const loaded of loadSnapshot(store, snapshot, { ...wanted, source })) {
    const { batch, transfer } = transferable(loaded);
    post({ batch }, transfer);
    for (credit -= 1; credit <= 0;) await new Promise<void>((resolve) => (wake = resolve));
  }
  post({ done: true });
} catch (error) {
  post({ error: toPosted(error) });
}
