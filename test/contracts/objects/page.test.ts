/** The first program of docs/connectors/object-storage.md runs against a real server and prints what the page shows. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { blocksOf, missingLine } from "../../docs/markdown.ts";
import { buildVersitygw, type S3Server, startVersitygw } from "../versitygw.ts";

let server: S3Server | undefined;
try {
  server = await startVersitygw(await buildVersitygw(), ["shop"]);
} catch (error) {
  if (process.env.CI === "true") throw error;
  console.warn(`SKIPPED: the page on object storage: ${error instanceof Error ? error.message : String(error)}`);
}

describe.skipIf(server === undefined)("object-storage.md", () => {
  mkdirSync(".weir", { recursive: true });
  const folder = mkdtempSync(resolve(".weir/objects-page-"));
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server!.close();
  });
  const programs = blocksOf("docs/connectors/object-storage.md").filter((block) => block.output !== undefined);

  test("it has such a program", () => expect(programs).toHaveLength(1));
  test.each(programs.map((block) => [block.line, block] as const))(
    "the program of line %i prints what the page shows",
    async (line, block) => {
      const file = join(folder, `line-${line}.ts`);
      writeFileSync(file, `${block.text}\nprocess.exit(0);\n`);
      const env = { ...process.env, ...server!.env, AWS_ENDPOINT_URL_S3: server!.endpoint };
      const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 60_000 });
      const sorted = stdout.trim().split("\n").toSorted().join("\n");
      expect(missingLine(block.output!, sorted), stdout).toBeUndefined();
    },
  );
});
