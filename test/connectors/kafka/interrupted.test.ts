/** What the flow does for a sink that was interrupted, and what it tells sinks: seen from a sink that needs no broker. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Dataflow, type SinkContext, type TransactionalSink, WeirError } from "../../../runtime/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";

const scratch = mkdtempSync(join(tmpdir(), "weir-interrupted-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function interruptedSink(times: number) {
  const seen: (SinkContext | undefined)[] = [];
  const committed: number[] = [];
  let left = times;
  const sink: TransactionalSink<number, readonly number[]> = {
    kind: "transactional",
    build(_worker, _workers, context) {
      seen.push(context);
      let open: number[] = [];
      return {
        writeBatch: (items) => void open.push(...items),
        prepare() {
          if (open.includes(5) && left-- > 0) throw new WeirError("WEIR_SINK_INTERRUPTED", "the broker ended it");
          const prepared = open;
          open = [];
          return prepared.length === 0 ? undefined : prepared;
        },
      };
    },
    commit: (prepared) => void committed.push(...prepared),
    abort: () => undefined,
  };
  const flow = new Dataflow("numbers");
  flow.input("in", testSource([1, 2, 3, 4, 5, 6, 7])).output("out", sink);
  return { flow, seen, committed };
}

test("the flow goes on from the last snapshot, in a later execution", async () => {
  const { flow, seen, committed } = interruptedSink(2);
  await runMain(flow, { epochMs: 0, recovery: { store: `file://${scratch}/a`, snapshotMs: 0 } });
  // Each resume commits once more what the snapshot counts on.
  expect([...new Set(committed)]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const executions = seen.map((context) => context!.execution);
  expect(executions).toEqual([1, 2, 3]);
  expect(seen[0]).toMatchObject({ flow: "numbers", step: "out" });
});

test("without recovery the flow fails", async () => {
  const { flow, seen } = interruptedSink(1);
  await expect(runMain(flow)).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED", step: "out" });
  expect(seen).toHaveLength(1);
});
