import { createSingle } from "../execution/single.ts";
import { WeirError } from "../errors/index.ts";
import { checkFlow, type Dataflow, isDataflow } from "../flow/index.ts";
import { show } from "../flow/show.ts";
import { openStore } from "../recovery/index.ts";
import { abortsOver } from "./fired-aborts.ts";
import { checkOptions, type RunOptions } from "./run-options.ts";
import { abortPosition } from "./sentinels.ts";

/**
 * Runs a flow on this thread to the end of its input, or to an ABORT.
 * @throws WeirError when the flow fails; a user's error is its cause and the step is named.
 */
export async function runMain(flow: Dataflow, options: RunOptions = {}): Promise<void> {
  if (!isDataflow(flow)) throw new WeirError("WEIR_FLOW_OPTION", `runMain: flow must be a Dataflow, not ${show(flow)}`);
  checkOptions("runMain", options);
  checkFlow(flow);
  const { recovery, ...rest } = options;
  const store = recovery === undefined ? undefined : openStore(recovery.store);
  const aborts = recovery === undefined ? undefined : abortsOver(recovery.store, flow);
  try {
    const single = createSingle(flow, {
      ...rest,
      ...(recovery === undefined ? {} : { recovery: { ...recovery, store: store!, address: addressOf(recovery.store) } }),
      isCrash(error) {
        const position = abortPosition(error);
        if (position === undefined) return false;
        aborts?.fired(error.step!, position);
        return true;
      },
    });
    await single.run();
  } finally {
    await store?.close();
  }
}

/** What is kept in this thread's memory no other thread can open. */
const addressOf = (url: string): { url: string } | undefined => (url.startsWith("memory:") ? undefined : { url });
