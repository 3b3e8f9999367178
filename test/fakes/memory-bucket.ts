/** Objects in memory, as connectors see them; each request may be made to fail first. */
import { createHash } from "node:crypto";
import type { Bucket } from "../../runtime/connectors/objects/bucket.ts";
import type { OpenedBucket } from "../../runtime/connectors/objects/open-bucket.ts";

export interface MemoryBucket extends Bucket {
  readonly objects: Map<string, { readonly bytes: Buffer; readonly etag: string; readonly token: string | undefined }>;
  readonly begun: Map<string, { readonly key: string; readonly token: string; readonly parts: Map<number, Buffer> }>;
  readonly requests: string[];
  /** What a request throws instead of being served. */
  fault: ((request: string) => unknown) | undefined;
  put(key: string, content: string | Uint8Array): void;
}

/** As the AWS SDK throws it. */
export function status(code: number, name = "Refused"): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode: code } });
}

export function memoryBucket(): MemoryBucket {
  let uploads = 0;
  const ask = (request: string): void => {
    bucket.requests.push(request);
    const error = bucket.fault?.(request);
    if (error !== undefined) throw error;
  };
  const tagOf = (bytes: Uint8Array): string => `"${createHash("md5").update(bytes).digest("hex")}"`;
  const store = (key: string, bytes: Buffer, token?: string): void =>
    void bucket.objects.set(key, { bytes, etag: tagOf(bytes), token });
  const bucket: MemoryBucket = {
    url: "memory://bucket",
    objects: new Map(),
    begun: new Map(),
    requests: [],
    fault: undefined,
    put: (key, content) => store(key, Buffer.from(content)),
    async *list(prefix, _signal, after = "") {
      ask("list");
      for (const [key, { bytes }] of [...bucket.objects].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        if (key.startsWith(prefix) && key > after) yield { key, size: bytes.length };
      }
    },
    async read(key, from, length, etag) {
      ask(`read ${from} ${length}`);
      const found = bucket.objects.get(key);
      if (found === undefined) throw status(404, "NoSuchKey");
      if (etag !== undefined && etag !== found.etag) throw status(412, "PreconditionFailed");
      if (from >= found.bytes.length) throw status(416, "InvalidRange");
      return { bytes: found.bytes.subarray(from, from + length), etag: found.etag, size: found.bytes.length };
    },
    async stat(key) {
      ask("stat");
      const found = bucket.objects.get(key);
      return found && { size: found.bytes.length, etag: found.etag, token: found.token };
    },
    async beginUpload(key, token) {
      ask("begin");
      const id = `upload-${uploads++}`;
      bucket.begun.set(id, { key, token, parts: new Map() });
      return id;
    },
    async uploadPart({ id }, part, bytes) {
      ask(`part ${part}`);
      const upload = bucket.begun.get(id);
      if (upload === undefined) throw status(404, "NoSuchUpload");
      upload.parts.set(part, Buffer.from(bytes));
      return tagOf(bytes);
    },
    async completeUpload({ id, key }, parts) {
      ask("complete");
      const upload = bucket.begun.get(id);
      if (upload === undefined) throw status(404, "NoSuchUpload");
      if (bucket.objects.has(key)) throw status(412, "PreconditionFailed");
      store(key, Buffer.concat(parts.map((_, part) => upload.parts.get(part)!)), upload.token);
      bucket.begun.delete(id);
    },
    async abortUpload({ id }) {
      ask("abort");
      bucket.begun.delete(id);
    },
    async uploads(prefix) {
      ask("uploads");
      return [...bucket.begun].filter(([, { key }]) => key.startsWith(prefix)).map(([id, { key }]) => ({ key, id }));
    },
  };
  return bucket;
}

export function opened(bucket: Bucket, prefix = "in", patienceMs = 2_000): OpenedBucket {
  const location = { scheme: "s3", url: `${bucket.url}/${prefix}`, container: "bucket", prefix } as const;
  return { bucket, location, timeoutMs: 1_000, patienceMs };
}
