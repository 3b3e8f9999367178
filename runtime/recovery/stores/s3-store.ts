/**
 * Objects in S3 or what speaks like it. Conditional writes by If-Match and If-None-Match; the client retries by itself, so a
 * refusal may be the echo of its own first try and is settled by reading back. The SDK is loaded at the first operation.
 */
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { WeirError, asWeirError, isWeirError } from "../../errors/index.ts";
import type { Store, StoreAddress, StoredObject } from "../types.ts";
import { type WriteOutcome, settleConditionalWrite } from "./conditional-write.ts";
import { defaultTimeoutMs, withDeadline } from "./deadline.ts";

type Sdk = typeof import("@aws-sdk/client-s3");

/** S3 takes this many names in one DeleteObjects. */
const deletesPerRequest = 1000;

export function createS3Store(url: string, bucket: string, prefix: string, options: Omit<StoreAddress, "url"> = {}): Store {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let loading: Promise<{ sdk: Sdk; client: S3Client }> | undefined;
  const load = (): Promise<{ sdk: Sdk; client: S3Client }> => (loading ??= connect(options, timeoutMs));
  const keyOf = (name: string): string => (prefix === "" ? name : `${prefix}/${name}`);
  const root = keyOf("");

  async function run<T>(what: string, operation: (sdk: Sdk, client: S3Client, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(timeoutMs, `${url}: ${what}`, async (signal) => {
        const { sdk, client } = await load();
        return await operation(sdk, client, signal);
      });
    } catch (error) {
      throw explain(error, `${url}: ${what}`);
    }
  }
  function get(name: string): Promise<StoredObject | undefined> {
    return run(`reading ${name}`, async (sdk, client, abortSignal) => {
      try {
        const answer = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: keyOf(name) }), { abortSignal });
        if (answer.Body === undefined || answer.ETag === undefined)
          throw new WeirError("WEIR_STORE_FAILED", `${url}: ${name} came without body or ETag`);
        return { bytes: await answer.Body.transformToByteArray(), version: answer.ETag };
      } catch (error) {
        if (statusOf(error) === 404 && nameOf(error) !== "NoSuchBucket") return undefined;
        throw error;
      }
    });
  }
  async function attempt(name: string, bytes: Uint8Array, version: string | undefined): Promise<WriteOutcome> {
    try {
      return await run(`writing ${name}`, async (sdk, client, abortSignal): Promise<WriteOutcome> => {
        const condition = version === undefined ? { IfNoneMatch: "*" } : { IfMatch: version };
        const command = new sdk.PutObjectCommand({ Bucket: bucket, Key: keyOf(name), Body: bytes, ...condition });
        try {
          const answer = await client.send(command, { abortSignal });
          return answer.ETag === undefined ? { kind: "unknown", cause: undefined } : { kind: "written", version: answer.ETag };
        } catch (error) {
          // 412: the condition failed. 409: two conditional writes met. 404: If-Match on an object that is not there.
          const status = statusOf(error);
          if (status === 412 || status === 409 || (status === 404 && version !== undefined && nameOf(error) !== "NoSuchBucket")) {
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
      run(`writing ${name}`, async (sdk, client, abortSignal) => {
        await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: keyOf(name), Body: bytes }), { abortSignal });
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
      run(`listing ${namePrefix}`, async (sdk, client, abortSignal) => {
        const names: string[] = [];
        let token: string | undefined;
        do {
          const command = new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: keyOf(namePrefix), ContinuationToken: token });
          const page = await client.send(command, { abortSignal });
          for (const { Key } of page.Contents ?? []) if (Key !== undefined) names.push(Key.slice(root.length));
          token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        } while (token !== undefined);
        return names.toSorted();
      }),
    delete: (names) =>
      run(`deleting ${names.length} objects`, async (sdk, client, abortSignal) => {
        for (let start = 0; start < names.length; start += deletesPerRequest) {
          const Objects = names.slice(start, start + deletesPerRequest).map((name) => ({ Key: keyOf(name) }));
          const command = new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
          const [first] = (await client.send(command, { abortSignal })).Errors ?? [];
          if (first !== undefined)
            throw new WeirError("WEIR_STORE_FAILED", `${url}: deleting ${first.Key}: ${first.Code} ${first.Message}`);
        }
      }),
    async close() {
      if (loading !== undefined) (await loading.catch(() => undefined))?.client.destroy();
    },
  };
}

async function connect(options: Omit<StoreAddress, "url">, timeoutMs: number): Promise<{ sdk: Sdk; client: S3Client }> {
  const sdk = await import("@aws-sdk/client-s3");
  const env = options.env ?? process.env;
  const endpoint = options.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const config: S3ClientConfig = {
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "us-east-1",
    maxAttempts: 4,
    requestHandler: { connectionTimeout: Math.min(5_000, timeoutMs), requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    // Every file has its own SHA-256 in the manifest; servers that only speak like S3 often refuse the SDK's trailing checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  };
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  // Without keys the SDK looks where it always does: files, web identity of a pod, the machine's role.
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    config.credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }
  return { sdk, client: new sdk.S3Client(config) };
}

/** Status, code and request, never headers: those carry the signature. */
function explain(error: unknown, what: string): WeirError {
  if (isWeirError(error)) return error;
  const status = statusOf(error);
  if (status === undefined) return asWeirError(error, "WEIR_STORE_FAILED", what);
  const message = error instanceof Error && error.message !== nameOf(error) ? ` ${error.message}` : "";
  return new WeirError("WEIR_STORE_FAILED", `${what}: ${status} ${nameOf(error)}${message}`, { cause: error });
}
function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}
function nameOf(error: unknown): string {
  return (error as { name?: string } | null)?.name ?? "";
}
