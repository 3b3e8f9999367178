/** Entry of the writer's thread: messages in, answers out, in order; the work is in delta-writer.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { openFileCache } from "../files/index.ts";
import { openStore } from "../stores/index.ts";
import { toPosted } from "../thread/index.ts";
import { createDeltaWriter } from "./delta-writer.ts";
import type { FromWriter, ToWriter, WriterThreadData } from "./thread-writer.ts";

const port = parentPort as NonNullable<typeof parentPort>;
const { address, identity, cacheDirectory, partBytes } = workerData as WriterThreadData;
const store = openStore(address.url, address);
const cache = cacheDirectory === undefined ? undefined : openFileCache(cacheDirectory);
const writer = createDeltaWriter(store, identity, { cache, partBytes, onStored: (stored) => answer({ stored }) });
let last: Promise<void> = Promise.resolve();

port.on("message", (message: ToWriter) => {
  if (message.kind === "add") writer.add(message.batch);
  else if (message.kind === "seal")
    last = last.then(() =>
      writer.seal(message.epoch).then(
        (sealed) => answer({ sealed }),
        (error: unknown) => answer({ error: toPosted(error) }),
      ),
    );
  else last = last.then(() => store.close()).finally(() => port.close());
});
function answer(message: FromWriter): void {
  port.postMessage(message);
}
