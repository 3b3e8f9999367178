import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What is in use after a full collection, on the heap and beside it. */
export function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  // What the first one has only marked for finalization.
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
