import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What is in use after a full collection, on the heap and beside it. */
export function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
