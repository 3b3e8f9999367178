import { WeirError } from "../runtime/errors/index.ts";
import { startWeirSandbox } from "./weir-sandbox.ts";

/** `weir sandbox up`: stays until Ctrl-C; what runs is found again by the next `up` in the same directory. */
export async function up(flags: { directory: string; port?: string; controller: boolean }): Promise<void> {
  if (flags.port !== undefined && !(/^\d+$/.test(flags.port) && Number(flags.port) <= 65_535)) {
    throw new WeirError("WEIR_USAGE", `--port (WEIR_SANDBOX_PORT): "${flags.port}" is not a whole number from 0 to 65535`);
  }
  const running = await startWeirSandbox({
    directory: flags.directory,
    controller: flags.controller,
    ...(flags.port === undefined ? {} : { port: Number(flags.port) }),
    log: (message) => console.error(message),
  });
  console.log(
    `The API server listens on ${running.sandbox.url}. In another terminal:\n\n  export KUBECONFIG=${running.kubeconfig}\n  kubectl get dataflows\n\nCtrl-C stops everything; the objects stay in ${flags.directory}.`,
  );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  console.error("stopping …");
  await running.stop();
  process.exit(0);
}
