/** Log lines of the Kafka source: when it loses its brokers, and when it has them again. JSON on standard error, as the host's. */
import { pino } from "pino";

export interface SourceLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

let shared: SourceLog | undefined;

export function sourceLog(): SourceLog {
  const level = process.env.WEIR_LOG_LEVEL ?? "warn";
  return (shared ??= pino({ level, base: { connector: "kafka" } }, pino.destination({ dest: 2, sync: true })));
}
