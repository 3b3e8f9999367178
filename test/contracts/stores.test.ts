/**
 * The stores against servers that are not ours: versitygw speaks S3 with conditions, Azurite speaks Azure Blob. Where a server
 * cannot be had the suite is skipped with a word, and fails in CI.
 */
import { afterAll, describe, test } from "vitest";
import { openStore } from "../../runtime/recovery/stores/index.ts";
import { startAzurite } from "../fakes/azurite.ts";
import { storeContract } from "../recovery/stores/store-contract.ts";
import { buildVersitygw, startVersitygw } from "./versitygw.ts";

let count = 0;

async function whenAvailable<T>(what: string, start: () => Promise<T>, suite: (server: T) => void): Promise<void> {
  let server: T;
  try {
    server = await start();
  } catch (error) {
    if (process.env.CI === "true") throw error;
    console.warn(`SKIPPED: the store contract against ${what}: ${error instanceof Error ? error.message : String(error)}`);
    describe.skip(`${what} (not available)`, () => test("skipped", () => undefined));
    return;
  }
  suite(server);
}

await whenAvailable(
  "versitygw",
  async () => startVersitygw(await buildVersitygw(), ["weir-states"]),
  (server) => {
    afterAll(() => server.close());
    const open = () => openStore(`s3://weir-states/prefix-${count}`, { endpoint: server.endpoint, env: server.env });
    const opened = async () => {
      count += 1;
      return { store: open(), again: open };
    };
    // Over a file system it looks at the ETag first and renames afterwards: two writers at the same instant may both win there.
    storeContract("versitygw", opened, { atomic: false });
  },
);

await whenAvailable(
  "Azurite",
  async () => {
    const azurite = await startAzurite();
    const { BlobServiceClient } = await import("@azure/storage-blob");
    await BlobServiceClient.fromConnectionString(azurite.connectionString).createContainer("weir-states");
    return azurite;
  },
  (azurite) => {
    afterAll(() => azurite.close());
    const open = () =>
      openStore(`azure://weir-states/prefix-${count}`, { env: { AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString } });
    storeContract("Azurite over the network", async () => {
      count += 1;
      return { store: open(), again: open };
    });
  },
);
