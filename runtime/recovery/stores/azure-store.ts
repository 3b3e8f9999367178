/**
 * Objects as block blobs of an Azure container. A create that finds a blob is 409 BlobAlreadyExists, a wrong version 412: both
 * mean that the condition failed. The client retries by itself; what it cannot tell is settled by reading back.
 */
import type { ContainerClient, StoragePipelineOptions } from "@azure/storage-blob";
import { WeirError, asWeirError, isWeirError } from "../../errors/index.ts";
import type { Store, StoreAddress, StoredObject } from "../types.ts";
import { type WriteOutcome, settleConditionalWrite } from "./conditional-write.ts";
import { defaultTimeoutMs, withDeadline } from "./deadline.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Deletes that are under way at a time: the service has a batch request, but not every emulation of it. */
const deletesAtOnce = 8;
const tries = 4;

export function createAzureStore(url: string, container: string, prefix: string, options: Omit<StoreAddress, "url"> = {}): Store {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let loading: Promise<ContainerClient> | undefined;
  const load = (): Promise<ContainerClient> => (loading ??= connect(url, container, options, timeoutMs));
  const keyOf = (name: string): string => (prefix === "" ? name : `${prefix}/${name}`);
  const root = keyOf("");

  async function run<T>(what: string, operation: (client: ContainerClient, abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(timeoutMs, `${url}: ${what}`, async (signal) => await operation(await load(), signal));
    } catch (error) {
      throw explain(error, `${url}: ${what}`);
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
        if (statusOf(error) === 404 && codeOf(error) !== "ContainerNotFound") return undefined;
        throw error;
      }
    });
  }
  async function attempt(name: string, bytes: Uint8Array, version: string | undefined): Promise<WriteOutcome> {
    try {
      return await run(`writing ${name}`, async (client, abortSignal): Promise<WriteOutcome> => {
        const conditions = version === undefined ? { ifNoneMatch: "*" } : { ifMatch: version };
        try {
          const answer = await client.getBlockBlobClient(keyOf(name)).upload(bytes, bytes.byteLength, { abortSignal, conditions });
          return answer.etag === undefined ? { kind: "unknown", cause: undefined } : { kind: "written", version: answer.etag };
        } catch (error) {
          const status = statusOf(error);
          if (
            status === 412 ||
            status === 409 ||
            (status === 404 && version !== undefined && codeOf(error) !== "ContainerNotFound")
          ) {
            return { kind: "refused", cause: error };
          }
          throw error;
        }
      });
    } catch (cause) {
      return { kind: "unknown", cause };
    }
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
        () => attempt(name, bytes, version),
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

async function connect(
  url: string,
  container: string,
  options: Omit<StoreAddress, "url">,
  timeoutMs: number,
): Promise<ContainerClient> {
  const sdk = await import("@azure/storage-blob");
  const env: Environment = options.env ?? process.env;
  const pipeline: StoragePipelineOptions = {
    retryOptions: { maxTries: tries, tryTimeoutInMs: timeoutMs, retryDelayInMs: 200, maxRetryDelayInMs: 5_000 },
    keepAliveOptions: { enable: true },
  };
  const connection = env.AZURE_STORAGE_CONNECTION_STRING;
  if (connection !== undefined && options.endpoint === undefined) {
    return sdk.BlobServiceClient.fromConnectionString(connection, pipeline).getContainerClient(container);
  }
  const { account, key } = accountOf(env, connection);
  const endpoint = (options.endpoint ?? (account === undefined ? undefined : `https://${account}.blob.core.windows.net`))?.replace(
    /\/+$/,
    "",
  );
  if (endpoint === undefined) {
    throw new WeirError(
      "WEIR_STORE_FAILED",
      `${url}: set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN`,
    );
  }
  if (account !== undefined && key !== undefined) {
    return new sdk.BlobServiceClient(endpoint, new sdk.StorageSharedKeyCredential(account, key), pipeline).getContainerClient(
      container,
    );
  }
  const token = env.AZURE_STORAGE_SAS_TOKEN?.replace(/^\?/, "");
  return new sdk.BlobServiceClient(
    token === undefined ? endpoint : `${endpoint}?${token}`,
    new sdk.AnonymousCredential(),
    pipeline,
  ).getContainerClient(container);
}

function accountOf(env: Environment, connection: string | undefined): { account: string | undefined; key: string | undefined } {
  const fields = new Map(
    connection?.split(";").map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]),
  );
  return {
    account: env.AZURE_STORAGE_ACCOUNT ?? env.AZURE_STORAGE_ACCOUNT_NAME ?? fields.get("AccountName"),
    key: env.AZURE_STORAGE_KEY ?? env.AZURE_STORAGE_ACCOUNT_KEY ?? fields.get("AccountKey"),
  };
}

/** Status and code only: the SDK's own message and details repeat the request, with its signature or token. */
function explain(error: unknown, what: string): WeirError {
  if (isWeirError(error)) return error;
  const status = statusOf(error);
  if (status !== undefined) return new WeirError("WEIR_STORE_FAILED", `${what}: ${status} ${codeOf(error) ?? ""}`.trimEnd());
  const code = codeOf(error);
  if (code !== undefined) return new WeirError("WEIR_STORE_FAILED", `${what}: ${code}`);
  return asWeirError(error, "WEIR_STORE_FAILED", what);
}
function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | null)?.statusCode;
}
function codeOf(error: unknown): string | undefined {
  const known = error as { code?: string; details?: { errorCode?: string } } | null;
  return known?.code ?? known?.details?.errorCode;
}
