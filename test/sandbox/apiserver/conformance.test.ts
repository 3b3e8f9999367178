// The API server answers as a real one does: the whole conformance table, held against recorded answers of Kubernetes 1.35.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiServer, type ApiServer } from "../../../sandbox/apiserver/index.ts";
import { cases, expected, prepare, runCase } from "../conformance/index.ts";

const recorded = expected();
const directory = mkdtempSync(join(tmpdir(), "apiserver-"));
let server: ApiServer;
let suite: Awaited<ReturnType<typeof prepare>>;

beforeAll(async () => {
  server = await startApiServer({
    directory,
    onError: (error) => {
      throw error;
    },
  });
  suite = await prepare(server.kubeconfig);
});

afterAll(async () => {
  await suite?.finish();
  await server?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("the sandbox's API server answers as Kubernetes does", () => {
  it("has a recorded answer for every step of every case", () => {
    expect(Object.keys(recorded).sort()).toEqual(cases.map((one) => one.name).sort());
    for (const one of cases) expect(recorded[one.name]).toHaveLength(one.steps.length);
  });

  // Managers of one object stand in the order of their times, told in seconds: a case that crosses a second is tried again.
  it.each(cases)("$name", { retry: 2 }, async (one) => {
    expect(await runCase(suite.connection, one)).toEqual(recorded[one.name]);
  });
});
