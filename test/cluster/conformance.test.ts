/** The recorded answers of the conformance table are those of a real API server: the table, held against one. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cases, expected, prepare, runCase } from "../sandbox/conformance/index.ts";
import { findPrograms } from "./binaries.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";

const bin = findPrograms();
if (bin === undefined)
  describe("a real API server", () => it.skip("needs go, or the programs that build.sh makes", () => undefined));
else {
  describe("a real API server answers as recorded", () => {
    const recorded = expected();
    let plane: ControlPlane;
    let suite: Awaited<ReturnType<typeof prepare>>;
    beforeAll(async () => {
      plane = await startControlPlane(bin);
      suite = await prepare(plane.kubeconfig);
    });
    afterAll(async () => {
      await suite?.finish();
      await plane?.stop();
    });
    // Managers of one object stand in the order of their times, told in seconds: a case that crosses a second is tried again.
    it.each(cases)("$name", { retry: 2 }, async (one) => {
      expect(await runCase(suite.connection, one)).toEqual(recorded[one.name]);
    });
  });
}
