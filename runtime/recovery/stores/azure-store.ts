/**
 * Objects as block blobs of an Azure container. A create that finds a blob is 409 BlobAlreadyExists, a wrong version 412: both
 * mean that the condition failed. The client retries by itself; what it cannot tell is settled by reading back.
 */
import type { ContainerClient } from "@azure/storage-blob";
import { connectAzure, defaultTimeoutMs, explainFault, isMissing, withDeadline } from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";
import type { Store, StoreAddress, StoredObject } from "../types.ts";
import { settleConditionalWrite, writeOutcome } from "./conditional-write.ts";

/** Deletes that are under way at a time: the service has a batch request, but not every emulation of it. */
const deletesAtOnce = 8;
const tries = 4;

export function createAzureStore(url: string, container: string, prefix: string, options: Omit<StoreAddress, "url"> = {}): Store {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let loading: Promise<ContainerClient> | undefined;
  const load = (): Promise<ContainerClient> =>
    (loading ??= connectAzure(url, container, options, timeoutMs, "WEIR_STORE_FAILED", tries));
  const keyOf = (name: string): string => (prefix === "" ? name : `${prefix}/${name}`);
  const root = keyOf("");

  async function run<T>(what: string, operation: (client: ContainerClient, abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(
        timeoutMs,
        "WEIR_STORE_FAILED",
        `${url}: ${what}`,
        async (signal) => await operation(await load(), signal),
      );
    } catch (error) {
      throw explainFault(error, "WEIR_STORE_FAILED", `${url}: ${what}`);
    }
  }
  function get(name: string): Promise<StoredObject | undefined> {
    return run(`reading ${name}`, async (client, abortSignal) => {
      try {
        const answer = await client.getBlobClient(keyOf(name)).download(0, undefined, { abortSignal, maxRetryRequests: tries });
        if (answer.readableStreamBody === undefined || answer.etag === undefined) {
          throw new WeirError("WEIR_STORE_FAILED", `${url}: ${name} came without body or ETag`);
        }
        const chunks: Buffer[] = [];
        for await (const chunk of answer.readableStreamBody) chunks.push(chunk as Buffer);
        return { bytes: Buffer.concat(chunks), version: answer.etag };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }
  return {
    url,
    get,
    put: (name, bytes) =>
      run(`writing ${name}`, async (client, abortSignal) => {
        await client.getBlockBlobClient(keyOf(name)).uploadData(bytes, { abortSignal });
      }),
    putIf: (name, bytes, version) =>
      settleConditionalWrite(
        () =>
          run(`writing ${name}`, (client, abortSignal) =>
            writeOutcome(version, async () => {
              const conditions = version === undefined ? { ifNoneMatch: "*" } : { ifMatch: version };
              return (await client.getBlockBlobClient(keyOf(name)).upload(bytes, bytes.byteLength, { abortSignal, conditions }))
                .etag;
            }),
          ),
        () => get(name),
        bytes,
        version,
        `${url}: ${name}`,
      ),
    list: (namePrefix) =>
      run(`listing ${namePrefix}`, async (client, abortSignal) => {
        const names: string[] = [];
        for await (const blob of client.listBlobsFlat({ prefix: keyOf(namePrefix), abortSignal }))
          names.push(blob.name.slice(root.length));
        return names.toSorted();
      }),
    delete: (names) =>
      run(`deleting ${names.length} objects`, async (client, abortSignal) => {
        for (let start = 0; start < names.length; start += deletesAtOnce) {
          const batch = names.slice(start, start + deletesAtOnce);
          await Promise.all(batch.map((name) => client.getBlobClient(keyOf(name)).deleteIfExists({ abortSignal })));
        }
      }),
    close: () => Promise.resolve(),
  };
}
