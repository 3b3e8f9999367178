/**
 * What connectors need of object storage. Each method is one request, or one listing, and is tried once: patience.ts tries again.
 * Methods reject with what the cloud's SDK throws. Invariant: an upload shows nothing to readers before `complete`, and all of it after.
 */
export interface Bucket {
  /** Of the bucket or container itself: "s3://name". */
  readonly url: string;
  /** Objects whose keys start with `prefix`, in the order of their keys; with `after`, only those behind that key. */
  list(prefix: string, signal: AbortSignal, after?: string): AsyncIterable<ObjectInfo>;
  /** Bytes [from, from + length) as far as they exist; with `etag`, only of that version of the object (status 412 when it has another). */
  read(key: string, from: number, length: number, etag: string | undefined, signal: AbortSignal): Promise<ObjectPiece>;
  /** undefined: there is no such object. */
  stat(key: string, signal: AbortSignal): Promise<ObjectStat | undefined>;
  /** `token` will be the finished object's, so that one's own work is recognised later. Returns the upload's id. */
  beginUpload(key: string, token: string, signal: AbortSignal): Promise<string>;
  /** Sending a part again replaces it. Returns what `complete` wants to know of it. */
  uploadPart(upload: UploadRef, part: number, bytes: Uint8Array, signal: AbortSignal): Promise<string>;
  /** Makes the object appear, unless there is one (status 409 or 412). Rejects with status 400 or 404 when the upload is gone. */
  completeUpload(upload: UploadRef, parts: readonly string[], signal: AbortSignal): Promise<void>;
  /** Aborting what is gone is no error. */
  abortUpload(upload: UploadRef, signal: AbortSignal): Promise<void>;
  /** Uploads that were begun below `prefix` and neither completed nor aborted, as far as the service tells. */
  uploads(prefix: string, signal: AbortSignal): Promise<readonly { readonly key: string; readonly id: string }[]>;
}

export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
}
export interface ObjectPiece {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Of the whole object. */
  readonly size: number;
}
export interface ObjectStat {
  readonly size: number;
  readonly etag: string;
  /** Of the upload that made it, if it was one of ours. */
  readonly token: string | undefined;
}
export interface UploadRef {
  readonly key: string;
  readonly id: string;
  readonly token: string;
}

/** Name of the metadata that holds an upload's token. Azure allows no dash. */
export const tokenName = "weirupload";
