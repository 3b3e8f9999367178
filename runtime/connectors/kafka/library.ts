/** The client library: an optional peer, loaded when a Kafka connector is first used, so that flows without Kafka need not install it. */
import { type ErrorCode, WeirError } from "../../errors/index.ts";

export type KafkaLibrary = typeof import("@platformatic/kafka");

/**
 * @param connector who needs it, for the message
 * @throws the error named by `code`, with the command that installs the package
 */
export async function loadKafka(
  connector: string,
  code: ErrorCode,
  load: () => Promise<KafkaLibrary> = () => import("@platformatic/kafka"),
): Promise<KafkaLibrary> {
  try {
    return await load();
  } catch (error) {
    const advice = "npm install @platformatic/kafka@2 (it needs Node 22.22 or 24.6, or later)";
    throw new WeirError(code, `${connector} needs the package @platformatic/kafka, which could not be loaded: ${advice}`, {
      cause: error,
    });
  }
}
