/** Logs: one constant message, varying fields, JSON lines. Secrets are never fields. */
import { pino, stdSerializers, type Logger } from "pino";
import { KubeError } from "./kube-client.ts";

export type Log = Logger;

export function createLog(level: string): Log {
  return pino({
    level,
    // What the API server refuses is told by its message; where we asked is no help.
    serializers: {
      err: (error: unknown) =>
        error instanceof KubeError
          ? { status: error.status, reason: error.reason, message: error.message }
          : stdSerializers.err(error as Error),
    },
    base: { component: "weir-controller" },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
