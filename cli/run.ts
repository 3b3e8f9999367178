import { runCommand } from "../runtime/host/run.ts";
import type { RunFlags } from "../runtime/host/settings.ts";

/** `weir run`. */
export function run(module: string, flags: RunFlags): Promise<void> {
  return runCommand(module, flags, process.env);
}
