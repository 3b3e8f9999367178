import { createSingle } from "../execution/single.ts";
import type { Dataflow } from "../flow/index.ts";
import { openStore } from "../recovery/index.ts";
import type { RunOptions } from "./run-options.ts";
import { isAbort } from "./sentinels.ts";

/**
 * Runs a flow on this thread to the end of its input, or to an ABORT.
 * @throws WeirError when the flow fails; a user's error is its cause and the step is named.
 */
export async function runMain(flow: Dataflow, options: RunOptions = {}): Promise<void> {
  const { recovery, ...rest } = options;
  const store = recovery === undefined ? undefined : openStore(recovery.store);
  try {
    const single = createSingle(flow, {
      ...rest,
      ...(recovery === undefined ? {} : { recovery: { ...recovery, store: store!, address: { url: recovery.store } } }),
      isCrash: isAbort,
    });
    await single.run();
  } finally {
    await store?.close();
  }
}
