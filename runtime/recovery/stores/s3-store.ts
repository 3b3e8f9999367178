/**
 * Objects in S3 or what speaks like it. Conditional writes by If-Match and If-None-Match; the client retries by itself, so a
 * refusal may be the echo of its own first try and is settled by reading back. The SDK is loaded at the first operation.
 */
import type { S3Client } from "@aws-sdk/client-s3";
import {
  connectS3,
  defaultTimeoutMs,
  explainFault,
  isMissing,
  type S3Connection,
  type S3Sdk,
  withDeadline,
} from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";
import type { Store, StoreAddress, StoredObject } from "../types.ts";
import { settleConditionalWrite, writeOutcome } from "./conditional-write.ts";

/** S3 takes this many names in one DeleteObjects. */
const deletesPerRequest = 1000;

export function createS3Store(url: string, bucket: string, prefix: string, options: Omit<StoreAddress, "url"> = {}): Store {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let loading: Promise<S3Connection> | undefined;
  const load = (): Promise<S3Connection> => (loading ??= connectS3(options, timeoutMs));
  const keyOf = (name: string): string => (prefix === "" ? name : `${prefix}/${name}`);
  const root = keyOf("");

  async function run<T>(what: string, operation: (sdk: S3Sdk, client: S3Client, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(timeoutMs, "WEIR_STORE_FAILED", `${url}: ${what}`, async (signal) => {
        const { sdk, client } = await load();
        return await operation(sdk, client, signal);
      });
    } catch (error) {
      throw explainFault(error, "WEIR_STORE_FAILED", `${url}: ${what}`);
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
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
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
        () =>
          run(`writing ${name}`, (sdk, client, abortSignal) =>
            writeOutcome(version, async () => {
              const condition = version === undefined ? { IfNoneMatch: "*" } : { IfMatch: version };
              const command = new sdk.PutObjectCommand({ Bucket: bucket, Key: keyOf(name), Body: bytes, ...condition });
              return (await client.send(command, { abortSignal })).ETag;
            }),
          ),
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
