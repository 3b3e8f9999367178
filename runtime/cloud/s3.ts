/** A client of S3, or of what speaks like it. The SDK is loaded by the first one who asks. */
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { CloudOptions } from "./location.ts";

export type S3Sdk = typeof import("@aws-sdk/client-s3");
export interface S3Connection {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
}

/** Keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else wherever the SDK looks. The client retries by itself, `attempts` in all. */
export async function connectS3(options: CloudOptions, timeoutMs: number, attempts = 4): Promise<S3Connection> {
  const sdk = await import("@aws-sdk/client-s3");
  const env = options.env ?? process.env;
  const endpoint = options.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const config: S3ClientConfig = {
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "us-east-1",
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: Math.min(5_000, timeoutMs), requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    // What matters has checksums of its own; servers that only speak like S3 often refuse the SDK's trailing ones.
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
