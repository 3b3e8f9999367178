/** The flow changes its number of processes while it writes. The tables come to what an undisturbed run makes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { runRescaled } from "../rescaled.ts";
import { expectLedger, makeLedger } from "./ledger-tables.ts";
import { withPostgres } from "./world.ts";

const module = fileURLToPath(new URL("./flows/ledger.ts", import.meta.url));

await withPostgres("a flow that is rescaled while it writes to Postgres", (world) => {
  test.each([
    { title: "2 → 3 → 1 → 3 processes", through: [2, 3, 1, 3], items: 4_000, kill: false },
    { title: "2 → 3 → 1 processes, one of which is killed meanwhile", through: [2, 3, 1], items: 5_000, kill: true },
  ])("$title", { timeout: 60_000 }, async ({ through, items, kill }) => {
    await makeLedger(world);
    const directory = mkdtempSync(join(tmpdir(), "weir-ledger-"));
    try {
      await runRescaled({
        module,
        recovery: `file://${directory}/store`,
        params: { url: world.server.connectionString, items, paceMs: 30 },
        through,
        written: async () => (await world.rows("SELECT count(*)::int AS count FROM ledger"))[0]!.count,
        kill,
      });
      await expectLedger(world, items);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
