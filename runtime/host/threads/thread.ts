/** The entry of a worker thread: everything it does is in `serve`. */
import { parentPort, workerData } from "node:worker_threads";
import { serve } from "./serve.ts";

await serve(parentPort!, workerData);
