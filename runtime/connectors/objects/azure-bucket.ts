/**
 * A container of Azure Blob Storage: an upload is a set of blocks that are staged and not in any blob yet. The service forgets
 * those after a week; nothing can be listed or aborted before. Ids of one blob's blocks are equally long.
 */
import type { ContainerClient } from "@azure/storage-blob";
import { type CloudLocation, type CloudOptions, connectAzure, isMissing } from "../../cloud/index.ts";
import type { ErrorCode } from "../../errors/index.ts";
import { type Bucket, tokenName } from "./bucket.ts";
import { wholeSize } from "./range.ts";

export function azureBucket({ container }: CloudLocation, options: CloudOptions, timeoutMs: number, code: ErrorCode): Bucket {
  const url = `azure://${container}`;
  let loading: Promise<ContainerClient> | undefined;
  const load = (): Promise<ContainerClient> => (loading ??= connectAzure(url, container, options, timeoutMs, code, 1));
  return {
    url,
    async *list(prefix, abortSignal, after) {
      const client = await load();
      for await (const { name, properties } of client.listBlobsFlat({ prefix, abortSignal })) {
        if (after === undefined || name > after) yield { key: name, size: properties.contentLength ?? 0 };
      }
    },
    async read(key, from, length, ifMatch, abortSignal) {
      const client = await load();
      const conditions = ifMatch === undefined ? {} : { ifMatch };
      const answer = await client.getBlobClient(key).download(from, length, { abortSignal, conditions, maxRetryRequests: 0 });
      const chunks: Buffer[] = [];
      for await (const chunk of answer.readableStreamBody!) chunks.push(chunk as Buffer);
      const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      return { bytes, etag: answer.etag ?? "", size: wholeSize(answer.contentRange, answer.contentLength ?? bytes.length, bytes) };
    },
    async stat(key, abortSignal) {
      const client = await load();
      try {
        const { contentLength = 0, etag = "", metadata } = await client.getBlobClient(key).getProperties({ abortSignal });
        return { size: contentLength, etag, token: metadata?.[tokenName] };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    beginUpload: (_key, token) => Promise.resolve(token),
    async uploadPart({ key, token }, part, bytes, abortSignal) {
      const client = await load();
      const id = Buffer.from(`${token}-${String(part).padStart(6, "0")}`).toString("base64");
      await client.getBlockBlobClient(key).stageBlock(id, bytes, bytes.byteLength, { abortSignal });
      return id;
    },
    async completeUpload({ key, token }, parts, abortSignal) {
      const client = await load();
      await client
        .getBlockBlobClient(key)
        .commitBlockList([...parts], { abortSignal, conditions: { ifNoneMatch: "*" }, metadata: { [tokenName]: token } });
    },
    abortUpload: () => Promise.resolve(),
    uploads: () => Promise.resolve([]),
  };
}
