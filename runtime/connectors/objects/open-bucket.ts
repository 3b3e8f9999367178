/** From a URL to a bucket. A wrong URL is refused at once; the cloud's SDK is loaded at the first request. */
import { carriesSecrets, type CloudLocation, cloudLocation, withoutSecrets } from "../../cloud/index.ts";
import { type ErrorCode, WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";
import { azureBucket } from "./azure-bucket.ts";
import type { Bucket } from "./bucket.ts";
import { s3Bucket } from "./s3-bucket.ts";

export interface ObjectOptions {
  /** "s3://bucket/prefix" or "azure://container/prefix". */
  url: string;
  /** Address of a service that speaks like S3 or Azure Blob; by default the cloud's own, or what the SDK's variables say. */
  endpoint?: string;
  /** Where credentials are looked for; default `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that one request may take. Default 60,000. */
  timeoutMs?: number;
  /**
   * Milliseconds for which a request is tried again while the service does not answer, or asks for patience. Default 120,000. A source
   * that has begun waits for longer: see its `giveUpMs`.
   */
  patienceMs?: number;
}

export interface OpenedBucket {
  readonly bucket: Bucket;
  readonly location: CloudLocation;
  readonly timeoutMs: number;
  readonly patienceMs: number;
}

/** @throws WEIR_FLOW_OPTION, naming the connector, for options that are no object, a URL of no cloud or one with credentials in it */
export function openBucket(connector: string, options: ObjectOptions, code: ErrorCode): OpenedBucket {
  const refused = (message: string): WeirError => new WeirError("WEIR_FLOW_OPTION", `${connector}: ${message}`);
  checkOptionsObject(connector, options);
  if (options.env !== undefined) checkOptionsObject(connector, options.env, "env");
  if (options.endpoint !== undefined && (typeof options.endpoint !== "string" || !URL.canParse(options.endpoint)))
    throw refused("the endpoint must be an address, http://localhost:9000 for instance");
  const { url, timeoutMs = 60_000, patienceMs = 120_000 } = options;
  for (const [name, value] of Object.entries({ timeoutMs, patienceMs })) {
    if (typeof value !== "number" || !(value >= 0 && value < 2 ** 31))
      throw refused(`${name} must be a number of milliseconds, not ${show(value)}`);
  }
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw refused(`the url must be s3://bucket/prefix or azure://container/prefix, not ${show(withoutSecrets(String(url)))}`);
  }
  if (parsed.protocol !== "s3:" && parsed.protocol !== "azure:")
    throw refused(`the url must be s3://bucket/prefix or azure://container/prefix, not ${show(withoutSecrets(url))}`);
  if (carriesSecrets(parsed)) {
    throw refused(
      `the ${parsed.protocol} url must have no user, password, query or fragment; credentials come from the environment`,
    );
  }
  const location = cloudLocation(url, parsed, "url", refused);
  const bucket =
    location.scheme === "s3" ? s3Bucket(location, options, timeoutMs) : azureBucket(location, options, timeoutMs, code);
  return { bucket, location, timeoutMs, patienceMs };
}
