/**
 * The two clouds' stand-ins, each behind a proxy that cuts: versitygw speaks S3, Azurite speaks Azure Blob. Where a server cannot be had the
 * suite is skipped with a word, and fails in CI.
 */
import { afterAll, beforeEach, describe, test } from "vitest";
import type { Bucket } from "../../../runtime/connectors/objects/bucket.ts";
import { openBucket } from "../../../runtime/connectors/objects/open-bucket.ts";
import type { ObjectOptions } from "../../../runtime/connectors/objects/index.ts";
import { startAzurite } from "../../fakes/azurite.ts";
import { type CuttingProxy, startCuttingProxy } from "../../fakes/cutting-proxy.ts";
import { buildVersitygw, startVersitygw } from "../versitygw.ts";

export interface Cloud {
  readonly name: "S3" | "Azure";
  readonly proxy: CuttingProxy;
  /** Of a store or a connector, through the proxy. */
  readonly options: Required<Pick<ObjectOptions, "endpoint" | "env">>;
  /** A URL whose prefix nobody else uses, and the prefix. */
  fresh(): { readonly url: string; readonly prefix: string };
  /** Past the proxy. */
  readonly bucket: Bucket;
  put(key: string, content: string | Uint8Array): Promise<void>;
  /** Replaces what is there. */
  replace(key: string, content: string | Uint8Array): Promise<void>;
  /** The names and contents that a reader sees. */
  read(prefix: string): Promise<Map<string, Buffer>>;
  remove(key: string): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const signal = new AbortController().signal;
const container = "weir-objects";

interface Server {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startCloud(name: Cloud["name"]): Promise<Cloud> {
  const server: Server =
    name === "S3" ? await startVersitygw(await buildVersitygw(), [container]) : await startAzurite({ onDisk: true });
  const scheme = name === "S3" ? "s3" : "azure";
  const { env, endpoint } = server;
  if (name === "Azure") {
    const { BlobServiceClient, StorageSharedKeyCredential } = await import("@azure/storage-blob");
    const credential = new StorageSharedKeyCredential(env.AZURE_STORAGE_ACCOUNT!, env.AZURE_STORAGE_KEY!);
    await new BlobServiceClient(endpoint, credential).createContainer(container);
  }
  const address = new URL(endpoint);
  const proxy = await startCuttingProxy(Number(address.port));
  address.port = String(proxy.port);
  const options = { endpoint: address.href.replace(/\/$/, ""), env };
  const { bucket } = openBucket("test", { url: `${scheme}://${container}`, endpoint, env }, "WEIR_SOURCE_FAILED");
  const token = (): string => crypto.randomUUID().replaceAll("-", "");
  const { remove, overwrite } = name === "S3" ? await s3Writer(endpoint, env) : await azureWriter(endpoint, env);
  const put = async (key: string, content: string | Uint8Array): Promise<void> => {
    const upload = { key, token: token(), id: "" };
    upload.id = await bucket.beginUpload(key, upload.token, signal);
    const parts =
      content.length === 0 && name === "Azure" ? [] : [await bucket.uploadPart(upload, 0, Buffer.from(content), signal)];
    await bucket.completeUpload(upload, parts, signal);
  };
  let count = 0;
  return {
    name,
    proxy,
    options,
    bucket,
    fresh: () => ({ url: `${scheme}://${container}/test-${++count}`, prefix: `test-${count}` }),
    put,
    replace: overwrite,
    async read(prefix) {
      const found = new Map<string, Buffer>();
      for await (const { key, size } of bucket.list(prefix, signal)) {
        found.set(key, size === 0 ? Buffer.alloc(0) : (await bucket.read(key, 0, size, undefined, signal)).bytes);
      }
      return found;
    },
    remove,
    kill: () => server.kill(),
    start: () => server.start(),
    async close() {
      await proxy.close();
      await server.close();
    },
  };
}

interface Writer {
  remove(key: string): Promise<void>;
  overwrite(key: string, content: string | Uint8Array): Promise<void>;
}

async function s3Writer(endpoint: string, env: Server["env"]): Promise<Writer> {
  const sdk = await import("@aws-sdk/client-s3");
  const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! };
  const client = new sdk.S3Client({ endpoint, forcePathStyle: true, region: "us-east-1", credentials });
  return {
    remove: async (Key) => void (await client.send(new sdk.DeleteObjectCommand({ Bucket: container, Key }))),
    overwrite: async (Key, Body) => void (await client.send(new sdk.PutObjectCommand({ Bucket: container, Key, Body }))),
  };
}

async function azureWriter(endpoint: string, env: Server["env"]): Promise<Writer> {
  const { BlobServiceClient, StorageSharedKeyCredential } = await import("@azure/storage-blob");
  const credential = new StorageSharedKeyCredential(env.AZURE_STORAGE_ACCOUNT!, env.AZURE_STORAGE_KEY!);
  const client = new BlobServiceClient(endpoint, credential).getContainerClient(container);
  return {
    remove: async (key) => void (await client.deleteBlob(key)),
    overwrite: async (key, content) => void (await client.getBlockBlobClient(key).upload(content, content.length)),
  };
}

/** Defines the suite for each cloud that can be had. */
export async function forEachCloud(suite: (cloud: Cloud) => void): Promise<void> {
  for (const name of ["S3", "Azure"] as const) {
    let cloud: Cloud;
    try {
      cloud = await startCloud(name);
    } catch (error) {
      if (process.env.CI === "true") throw error;
      console.warn(`SKIPPED: objects of ${name}: ${error instanceof Error ? error.message : String(error)}`);
      describe.skip(`${name} (not available)`, () => test("skipped", () => undefined));
      continue;
    }
    describe(name, () => {
      beforeEach(() => void (cloud.proxy.fault = undefined));
      afterAll(() => cloud.close());
      suite(cloud);
    });
  }
}
