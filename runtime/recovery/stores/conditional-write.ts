/**
 * Settles a conditional write whose answer may be wrong or lost. A refusal can be the echo of one's own write (the client sent
 * it twice because the first answer was lost), and an error can hide a success; only the object itself knows. So anything but a
 * clear success is settled by reading back and comparing content. Invariant: "refused" is reported only when the object
 * holds something else than what was written.
 */
import { faultOf, isMissing } from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";
import type { StoredObject } from "../types.ts";

export type WriteOutcome =
  | { readonly kind: "written"; readonly version: string }
  /** The store said that the condition failed, or that two conditional writes met. */
  | { readonly kind: "refused"; readonly cause?: unknown }
  /** No answer, or one that says nothing. */
  | { readonly kind: "unknown"; readonly cause: unknown };

/** How often a refusal is tried again while the object is still at the expected version (S3 answers 409 when writers meet). */
const meetings = 4;

/**
 * What came of one conditional write to a cloud that answers with the object's ETag.
 * 412: the condition failed. 409: S3 says that two conditional writes met, Azure that what was to be made is there. 404: If-Match
 * on an object that is not there. Throws what says nothing about the condition.
 */
export async function writeOutcome(expected: string | undefined, write: () => Promise<string | undefined>): Promise<WriteOutcome> {
  try {
    const version = await write();
    return version === undefined ? { kind: "unknown", cause: undefined } : { kind: "written", version };
  } catch (cause) {
    const { status } = faultOf(cause);
    if (status === 412 || status === 409 || (expected !== undefined && isMissing(cause))) return { kind: "refused", cause };
    throw cause;
  }
}

/**
 * @param attempt sends the write once (the client's own retries included); a rejection is an unknown outcome
 * @param what names store and object in messages
 * @throws WEIR_STORE_PRECONDITION, or WEIR_STORE_FAILED when the outcome cannot be known
 */
export async function settleConditionalWrite(
  attempt: () => Promise<WriteOutcome>,
  readBack: () => Promise<StoredObject | undefined>,
  bytes: Uint8Array,
  expected: string | undefined,
  what: string,
): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt().catch((cause: unknown): WriteOutcome => ({ kind: "unknown", cause }));
    if (outcome.kind === "written") return outcome.version;
    let current: StoredObject | undefined;
    try {
      current = await readBack();
    } catch (error) {
      throw failed(`${what}: whether the write took place is not known, and reading it back failed too`, outcome.cause ?? error);
    }
    if (current !== undefined && sameBytes(current.bytes, bytes)) return current.version;
    if (current?.version !== expected) throw new WeirError("WEIR_STORE_PRECONDITION", `${what} was changed by another writer`);
    if (outcome.kind === "unknown") throw failed(`${what} could not be written`, outcome.cause);
    if (tries === meetings)
      throw failed(`${what} could not be written: the store refused ${tries} times though nothing changed`, outcome.cause);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
function failed(message: string, cause: unknown): WeirError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new WeirError("WEIR_STORE_FAILED", message + reason, { cause });
}
