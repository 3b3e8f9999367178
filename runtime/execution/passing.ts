/** Failures after which the flow goes on by itself, from its last snapshot: they may be gone the next time. */
import type { ErrorCode, WeirError } from "../errors/index.ts";

const codes: readonly ErrorCode[] = ["WEIR_PEER_LOST", "WEIR_STORE_FAILED", "WEIR_SOURCE_INTERRUPTED", "WEIR_SINK_INTERRUPTED"];

export function mayPass({ code }: WeirError): boolean {
  return codes.includes(code);
}
