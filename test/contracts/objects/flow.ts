/** A process that writes numbered rows into objects until it is done or killed; its options are the first argument. */
import { Dataflow, generatorSource, objectSink } from "../../../runtime/index.ts";
import { runMain } from "../../../runtime/testing/index.ts";

export interface WriterOptions {
  readonly url: string;
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of the recovery store. */
  readonly store: string;
  readonly rows: number;
  readonly format: "jsonl" | "parquet";
  readonly workers: number;
}

const options = JSON.parse(process.argv[2]!) as WriterOptions;
// The store's connection takes its address from the environment.
const { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: key } = options.env;
Object.assign(
  process.env,
  options.env,
  account === undefined
    ? { AWS_ENDPOINT_URL_S3: options.endpoint }
    : {
        AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${options.endpoint};`,
      },
);
const parts = 3;
const flow = new Dataflow("writer");
flow
  .input(
    "rows",
    generatorSource({ parts, count: options.rows, ratePerSecond: 1_000, make: (index, part) => ({ id: `${part}-${index}` }) }),
  )
  .redistribute("spread")
  .output("objects", objectSink({ ...options, partBytes: 5 * 2 ** 20 }));
await runMain(flow, { epochMs: 20, workers: options.workers, recovery: { store: options.store, snapshotMs: 60 } });
process.exit(0);
