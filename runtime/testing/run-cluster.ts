import { WeirError } from "../errors/index.ts";
import { show } from "../flow/show.ts";
import { startCluster } from "../host/cluster.ts";
import { memberArguments } from "../host/run.ts";
import { abortsOf, abortsVariable } from "./fired-aborts.ts";
import { checkOptions, type RunOptions } from "./run-options.ts";

/**
 * As `runMain`, with real processes on this machine. `module` is a path or `path:export`.
 * @throws WeirError of the first process that fails
 */
export async function runCluster(module: string, options: RunOptions & { processes?: number } = {}): Promise<void> {
  if (typeof module !== "string" || module === "")
    throw new WeirError("WEIR_MODULE_NOT_FOUND", `runCluster takes the path of a module, not ${show(module)}`);
  checkOptions("runCluster", options);
  if (options.now !== undefined) throw new WeirError("WEIR_FLOW_OPTION", "now: a clock of this process cannot be that of others");
  const { recovery } = options;
  const cluster = await startCluster({
    processes: options.processes ?? 1,
    args: memberArguments(module, {
      ...(options.workers === undefined ? {} : { workers: String(options.workers) }),
      ...(options.epochMs === undefined ? {} : { epoch: String(options.epochMs) }),
      ...(recovery === undefined
        ? {}
        : {
            recovery: recovery.store,
            snapshotInterval: String((recovery.snapshotMs ?? 10_000) / 1000),
            ...(recovery.partitions === undefined ? {} : { partitions: String(recovery.partitions) }),
            ...(recovery.retain === undefined ? {} : { retain: String(recovery.retain) }),
            ...(recovery.fromEpoch === undefined ? {} : { fromEpoch: String(recovery.fromEpoch) }),
            ...(recovery.allowDroppedState === true ? { allowDroppedState: true } : {}),
          }),
    }),
    env: { [abortsVariable]: abortsOf(module, recovery?.store) },
    restart: recovery !== undefined,
  });
  await cluster.finished;
}
