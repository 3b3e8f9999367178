import { type Logger, pino } from "pino";

export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;

/**
 * JSON lines with constant messages and varying fields, on standard error: standard output belongs to the flow. At a terminal
 * only warnings are worth a line; WEIR_LOG_LEVEL asks for more.
 */
export function createLog(options: { pod: boolean; flow: string; process: number }): Log {
  const level = process.env.WEIR_LOG_LEVEL ?? (options.pod ? "info" : "warn");
  return pino({ level, base: { flow: options.flow, process: options.process } }, pino.destination({ dest: 2, sync: true }));
}
