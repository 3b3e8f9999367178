/**
 * `weir run`: decides how a flow runs here (alone, as one of several processes, or by starting the others) and stays until it
 * is done. Errors leave as one message and status 1.
 */
import { isWeirError } from "../errors/index.ts";
import { startCluster } from "./cluster.ts";
import { parseModuleName } from "./load-flow.ts";
import { createProgressLine } from "./progress-line.ts";
import { explain } from "./report.ts";
import { runMember } from "./run-member.ts";
import { readSettings, type RunFlags, type Settings } from "./settings.ts";

/** Sets `process.exitCode`; never rejects. */
export async function runCommand(
  module: string,
  flags: RunFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  try {
    const settings = readSettings(module, flags, env);
    if (settings.member === undefined && settings.processes > 1) await runTogether(settings, flags);
    else await runMember(settings);
  } catch (error) {
    if (process.env.WEIR_MEMBER !== undefined && process.send !== undefined) tellParent(error);
    else console.error(explain(error));
    process.exitCode = 1;
  }
}

/** Starts all processes on this machine. A flow that cannot be built is refused here, once, before any of them starts. */
async function runTogether(settings: Settings, flags: RunFlags): Promise<void> {
  parseModuleName(settings.module, settings.export);
  const progress = createProgressLine();
  const cluster = await startCluster({
    processes: settings.processes,
    args: memberArguments(settings.module, flags),
    httpPort: settings.httpPort,
    restart: settings.recovery !== undefined,
    progress,
  });
  const stop = (): void => cluster.stop();
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    await cluster.finished;
  } finally {
    progress.end();
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

const passedOn: readonly (readonly [keyof RunFlags, string])[] = [
  ["workers", "--workers"],
  ["recovery", "--recovery"],
  ["recoveryEndpoint", "--recovery-endpoint"],
  ["snapshotInterval", "--snapshot-interval"],
  ["partitions", "--partitions"],
  ["retain", "--retain"],
  ["fromEpoch", "--from-epoch"],
  ["fromStore", "--from-store"],
  ["epoch", "--epoch"],
  ["export", "--export"],
  ["meshTls", "--mesh-tls"],
  ["profile", "--profile"],
];

export function memberArguments(module: string, flags: RunFlags): string[] {
  const args = [module];
  for (const [name, flag] of passedOn) {
    const value = flags[name];
    if (value !== undefined) args.push(flag, String(value));
  }
  if (flags.allowDroppedState === true) args.push("--allow-dropped-state");
  for (const pair of flags.param ?? []) args.push("--param", pair);
  return args;
}

function tellParent(error: unknown): void {
  const known = isWeirError(error);
  const cause = error instanceof Error ? error.cause : undefined;
  process.send!({
    kind: "failed",
    error: {
      code: known ? error.code : "WEIR_STEP_FAILED",
      message: error instanceof Error ? error.message : String(error),
      ...(known && error.step !== undefined ? { step: error.step } : {}),
      ...(cause instanceof Error && cause.stack !== undefined ? { stack: cause.stack } : {}),
    },
  });
}
