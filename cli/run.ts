import { runCommand } from "../runtime/host/run.ts";
import type { RunFlags } from "../runtime/host/settings.ts";

/** `weir run`. */
export async function run(module: string, flags: RunFlags): Promise<void> {
  await runCommand(module, flags, process.env);
  // What the flow's own code left open (a pool of connections, say) must not keep a process that has nothing more to do.
  setTimeout(() => process.exit(), exitAfterMs).unref();
}

/** For what is on its way to standard output and to the process that started us. */
const exitAfterMs = 1000;
