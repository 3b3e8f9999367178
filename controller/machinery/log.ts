/** Logs: one constant message, varying fields, JSON lines. Secrets are never fields. */
import { pino, type Logger } from "pino";

export type Log = Logger;

export function createLog(level: string): Log {
  return pino({ level, base: { component: "weir-controller" }, timestamp: pino.stdTimeFunctions.isoTime });
}
