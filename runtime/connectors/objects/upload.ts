/**
 * One object on its way: bytes are sent as parts while more are written, and nobody sees them before the upload is completed.
 * Invariant: all parts but the last have at least `partBytes` bytes, and no more than two are under way while more is taken.
 */
import { randomUUID } from "node:crypto";
import { isMissing } from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";
import type { Bucket, UploadRef } from "./bucket.ts";
import { type Patience, patiently } from "./patience.ts";

/** What makes an object appear; goes into the manifest, so it is plain JSON. */
export interface PreparedObject extends UploadRef {
  readonly parts: readonly string[];
}

export interface Upload {
  /** Waiting to be sent, in bytes. */
  readonly pending: number;
  /** Sent or waiting. */
  readonly bytes: number;
  /** Takes the bytes over; a promise asks for a pause. */
  push(bytes: Uint8Array): Promise<void> | undefined;
  /** Sends what is left. All of it is durable then. */
  finish(): Promise<PreparedObject>;
  abort(): Promise<void>;
}

const partsUnderWay = 2;
const abortPatienceMs = 5_000;

export function createUpload(bucket: Bucket, key: string, partBytes: number, patience: Patience): Upload {
  // Letters and digits only, of one length: Azure makes the names of blocks from it.
  const token = randomUUID().replaceAll("-", "");
  const name = `${bucket.url}/${key}`;
  const ended = new AbortController();
  const patient = { ...patience, signal: ended.signal };
  const parts: string[] = [];
  const sending = new Set<Promise<void>>();
  let begun: Promise<string> | undefined;
  let count = 0;
  let chunks: Uint8Array[] = [];
  let pending = 0;
  let bytes = 0;
  let failure: unknown;

  const begin = (): Promise<string> =>
    (begun ??= patiently(patient, `beginning ${name}`, (signal) => bucket.beginUpload(key, token, signal)));
  const sendPart = async (part: number, content: Uint8Array): Promise<void> => {
    const id = await begin();
    try {
      const send = (signal: AbortSignal): Promise<string> => bucket.uploadPart({ key, id, token }, part, content, signal);
      parts[part] = await patiently(patient, `writing part ${part} of ${name}`, send, isMissing);
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new WeirError("WEIR_SINK_INTERRUPTED", `Cannot write ${name}: its upload was aborted by somebody else`);
    }
  };
  const send = (): void => {
    const content = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks = [];
    pending = 0;
    const sent = sendPart(count++, content).then(
      () => void sending.delete(sent),
      (error: unknown) => {
        sending.delete(sent);
        failure ??= error;
      },
    );
    sending.add(sent);
  };
  const check = (): void => {
    if (failure !== undefined) throw failure;
  };
  const roomForMore = async (): Promise<void> => {
    while (sending.size >= partsUnderWay) await Promise.race(sending);
    check();
  };
  return {
    get pending() {
      return pending;
    },
    get bytes() {
      return bytes;
    },
    push(more) {
      check();
      chunks.push(more);
      pending += more.byteLength;
      bytes += more.byteLength;
      if (pending < partBytes) return undefined;
      send();
      return sending.size >= partsUnderWay ? roomForMore() : undefined;
    },
    async finish() {
      if (pending > 0 || count === 0) send();
      await Promise.all(sending);
      check();
      return { key, id: await begin(), token, parts };
    },
    async abort() {
      ended.abort();
      await Promise.all(sending);
      const id = await begun?.catch(() => undefined);
      if (id === undefined) return;
      const brief = { ...patience, patienceMs: Math.min(abortPatienceMs, patience.patienceMs) };
      await patiently(brief, `aborting ${name}`, (signal) => bucket.abortUpload({ key, id, token }, signal));
    },
  };
}
