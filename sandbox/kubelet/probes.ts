/**
 * Probes of one running container. Startup gates the other two; thresholds count in a row.
 * One thing is faster than in the real kubelet: while nothing has answered yet, http and tcp probes of a container that has just
 * started are tried every tenth of a second, and these extra attempts count for nothing but a first success.
 */
import { pause, type Container, type Probe } from "../client/index.ts";
import { runHandler, type HandlerContext, type HandlerResult } from "./handlers.ts";

export interface ProbeListener {
  started(): void;
  ready(is: boolean): void;
  /** Liveness or startup failed often enough: the container is to be restarted. */
  failed(kind: "Liveness" | "Startup", probe: Probe): void;
  unhealthy(message: string): void;
}

type Kind = "Startup" | "Liveness" | "Readiness";

const eagerMs = 100;

async function follow(
  kind: Kind,
  probe: Probe,
  context: HandlerContext,
  signal: AbortSignal,
  outcome: (ok: boolean) => boolean,
  unhealthy: (message: string) => void,
): Promise<void> {
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const successThreshold = kind === "Readiness" ? (probe.successThreshold ?? 1) : 1;
  const failureThreshold = probe.failureThreshold ?? 3;
  const cheap = probe.exec === undefined && kind !== "Liveness";
  const attempt = (): Promise<HandlerResult> => runHandler(probe, context, timeoutMs, "probe");

  await pause((probe.initialDelaySeconds ?? 0) * 1000, signal);
  let successes = 0;
  let failures = 0;
  let last: boolean | undefined;
  let due = Date.now();
  while (!signal.aborted) {
    const result = await attempt();
    if (signal.aborted) return;
    const regular = Date.now() >= due;
    if (regular) due = Date.now() + periodMs;
    if (result.ok) {
      successes++;
      failures = 0;
      if (successes >= successThreshold && last !== true) {
        last = true;
        if (!outcome(true)) return;
      }
    } else if (regular) {
      failures++;
      successes = 0;
      if (!(last === undefined && result.refused === true && failures === 1)) unhealthy(`${kind} probe failed: ${result.message}`);
      if (failures >= failureThreshold && last !== false) {
        last = false;
        if (!outcome(false)) return;
      }
    }
    await pause(
      cheap && last === undefined ? Math.min(eagerMs, Math.max(0, due - Date.now())) : Math.max(0, due - Date.now()),
      signal,
    );
  }
}

/** Runs until `signal` aborts. Tells `started` and `ready` at once when there are no such probes. */
export function startProbes(container: Container, context: HandlerContext, listener: ProbeListener, signal: AbortSignal): void {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  const rest = (): void => {
    listener.started();
    if (readinessProbe === undefined) listener.ready(true);
    else {
      const changed = (ok: boolean): boolean => (listener.ready(ok), true);
      void follow("Readiness", readinessProbe, context, signal, changed, listener.unhealthy);
    }
    if (livenessProbe !== undefined) {
      const changed = (ok: boolean): boolean => {
        if (!ok) listener.failed("Liveness", livenessProbe);
        return ok;
      };
      void follow("Liveness", livenessProbe, context, signal, changed, listener.unhealthy);
    }
  };
  if (startupProbe === undefined) return rest();
  const changed = (ok: boolean): boolean => {
    if (ok) rest();
    else listener.failed("Startup", startupProbe);
    return false;
  };
  void follow("Startup", startupProbe, context, signal, changed, listener.unhealthy);
}
