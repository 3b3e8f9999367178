/** Two members over a store that fails: an S3 server of ours, asked for faults. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest } from "../../runtime/recovery/types.ts";
import { type FakeS3, startFakeS3 } from "../fakes/s3-server.ts";
import { expectSteady, steadyModule } from "./killing.ts";
import { type Members, members } from "./members.ts";

export interface Trouble {
  readonly s3: FakeS3;
  readonly flow: Members;
  manifest(): Manifest | undefined;
  expectExact(): void;
  end(): Promise<void>;
}

export async function trouble(items: number): Promise<Trouble> {
  const directory = mkdtempSync(join(tmpdir(), "weir-trouble-"));
  const keys = 10;
  const s3 = await startFakeS3();
  const flow = await members(
    2,
    [
      steadyModule,
      "-r",
      "s3://bucket/steady",
      "--recovery-endpoint",
      s3.endpoint,
      "--epoch",
      "40",
      "--snapshot-interval",
      "0.3",
      ...[`directory=${directory}`, `items=${items}`, `keys=${keys}`, "paceMs=40"].flatMap((param) => ["--param", param]),
    ],
    { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "us-east-1" },
  );
  return {
    s3,
    flow,
    manifest() {
      const object = s3.objects.get("bucket/steady/manifest.json");
      return object && (JSON.parse(object.bytes.toString()) as Manifest);
    },
    expectExact: () => expectSteady(directory, { items, keys }),
    async end() {
      flow.kill();
      await s3.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
