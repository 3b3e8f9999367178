/** A client of one Azure Blob container. The SDK is loaded by the first one who asks. */
import type { ContainerClient, StoragePipelineOptions } from "@azure/storage-blob";
import { type ErrorCode, WeirError } from "../errors/index.ts";
import type { CloudOptions, Environment } from "./location.ts";

/**
 * A connection string, or an account with its key or a SAS token, from the environment. The client retries by itself, `tries` in all.
 * @throws a WeirError of `code` when the environment names no account
 */
export async function connectAzure(
  url: string,
  container: string,
  options: CloudOptions,
  timeoutMs: number,
  code: ErrorCode,
  tries = 4,
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
      code,
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
