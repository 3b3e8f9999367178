import { beforeEach, describe, expect, test } from "vitest";
import { createTransactions } from "../../../runtime/connectors/kafka/transaction.ts";
import { abortLeftovers, parseTransactionalId, transactionalId } from "../../../runtime/connectors/kafka/transaction-leftovers.ts";
import {
  abortPrepared,
  commitPrepared,
  nameOf,
  type PreparedTransaction,
} from "../../../runtime/connectors/kafka/transaction-outcome.ts";
import type { TransactionName } from "../../../runtime/connectors/kafka/transaction-requests.ts";
import { fakeCoordinator, type FakeCoordinator } from "./fake-coordinator.ts";

const withinMs = 300;
const options = { withinMs, ifLost: "fail" } as const;
const partitions = [{ topic: "t", partition: 0 }];
let coordinator: FakeCoordinator;
beforeEach(() => void (coordinator = fakeCoordinator()));

function transactions(execution = 1, worker = 0, within = withinMs) {
  return createTransactions(coordinator, { ids: { prefix: "p", execution }, worker, timeoutMs: 1000, withinMs: within });
}
function prepared(name: TransactionName): PreparedTransaction {
  const first = { topic: "t", partition: 0, offset: "7" };
  return { ...name, producerId: name.producerId.toString(), topics: ["t"], first, at: "2026-01-01T00:00:00.000Z", timeoutMs: 1000 };
}
async function written(of = transactions()): Promise<PreparedTransaction> {
  await of.begin();
  await of.enlist(partitions);
  return prepared(of.prepare());
}

describe("transactions of a worker", () => {
  test("two ids take turns while each commit comes before the next prepare", async () => {
    const mine = transactions();
    const ids: string[] = [];
    let waiting: PreparedTransaction | undefined;
    for (let interval = 0; interval < 6; interval++) {
      await mine.begin();
      await mine.enlist(partitions);
      if (waiting !== undefined) await commitPrepared(coordinator, waiting, options);
      waiting = prepared(mine.prepare());
      ids.push(waiting.transactionalId);
    }
    expect(ids).toEqual(["p-1-0-0", "p-1-0-1", "p-1-0-0", "p-1-0-1", "p-1-0-0", "p-1-0-1"]);
  });

  test("an id whose transaction waits for its commit is not touched, however many wait", async () => {
    const mine = transactions();
    const waiting = [];
    for (let interval = 0; interval < 4; interval++) waiting.push(await written(mine));
    expect(new Set(waiting.map((one) => one.transactionalId)).size).toBe(4);
    for (const one of waiting) await commitPrepared(coordinator, one, options);
    expect((await written(mine)).transactionalId).toBe("p-1-0-0");
  });

  test("no two transactions have the same name", async () => {
    const mine = transactions();
    const names = new Set<string>();
    for (let interval = 0; interval < 5; interval++) {
      const one = await written(mine);
      names.add(`${one.transactionalId} ${one.producerId} ${one.producerEpoch}`);
      await commitPrepared(coordinator, one, options);
    }
    expect(names.size).toBe(5);
  });

  test("what may pass is tried again while a transaction begins and grows", async () => {
    const mine = transactions(1, 0, 5_000);
    for (const fault of ["NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "CONCURRENT_TRANSACTIONS", "NETWORK"]) {
      coordinator.fail("init", fault);
      coordinator.fail("add", fault);
    }
    coordinator.lose("add");
    await commitPrepared(coordinator, await written(mine), options);
    expect(coordinator.stateOf("p-1-0-0")).toBe("CompleteCommit");
  });

  test("a broker that does not come back within the time interrupts the sink", async () => {
    for (let i = 0; i < 50; i++) coordinator.fail("init", "NETWORK");
    await expect(transactions().begin()).rejects.toMatchObject({
      code: "WEIR_SINK_INTERRUPTED",
      message: expect.stringContaining("no success within 0.3 s, the last answer being NETWORK"),
    });
  });

  test("what only people can mend is not tried again", async () => {
    coordinator.fail("init", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
    await expect(transactions().begin()).rejects.toMatchObject({
      code: "WEIR_SINK_FAILED",
      message: expect.stringMatching(/Write and Describe/),
    });
    coordinator.fail("init", "INVALID_TRANSACTION_TIMEOUT");
    await expect(transactions().begin()).rejects.toMatchObject({
      code: "WEIR_SINK_FAILED",
      message: expect.stringMatching(/transaction\.max\.timeout\.ms/),
    });
    expect(coordinator.requests).toEqual(["init", "init"]);
  });

  test("nothing is tried again once the flow has ended", async () => {
    for (let i = 0; i < 50; i++) coordinator.fail("init", "NETWORK");
    const ids = { prefix: "p", execution: 1 };
    const given = () => coordinator.requests.length >= 2;
    const mine = createTransactions(coordinator, { ids, worker: 0, timeoutMs: 1000, withinMs: 60_000, given });
    await expect(mine.begin()).rejects.toMatchObject({ message: expect.stringContaining("the flow has ended") });
    expect(coordinator.requests).toHaveLength(2);
  });

  test("an open transaction whose id somebody took over is interrupted", async () => {
    const mine = transactions();
    await mine.begin();
    coordinator.fail("init", "NETWORK");
    await coordinator.initProducer("p-1-0-0", 1000).catch(() => coordinator.initProducer("p-1-0-0", 1000));
    await expect(mine.enlist(partitions)).rejects.toMatchObject({
      code: "WEIR_SINK_INTERRUPTED",
      message: expect.stringMatching(/PRODUCER_FENCED/),
    });
  });

  test("an abandoned transaction is aborted, a prepared one is not", async () => {
    const mine = transactions();
    const waiting = await written(mine);
    await mine.begin();
    await mine.enlist(partitions);
    await mine.abandon();
    await mine.abandon();
    expect(coordinator.stateOf("p-1-0-1")).toBe("CompleteAbort");
    expect(coordinator.stateOf(waiting.transactionalId)).toBe("Ongoing");
  });
});

describe("committing what was prepared", () => {
  test("is done again and again, with answers that are lost", async () => {
    const one = await written();
    coordinator.lose("end");
    coordinator.fail("end", "NOT_COORDINATOR");
    await commitPrepared(coordinator, one, options);
    await commitPrepared(coordinator, one, options);
    expect(coordinator.stateOf(one.transactionalId)).toBe("CompleteCommit");
    expect(coordinator.requests).not.toContain("outcome");
  });

  test("is known to be done when its id has gone on", async () => {
    const mine = transactions();
    const one = await written(mine);
    await commitPrepared(coordinator, one, options);
    await written(mine);
    await commitPrepared(coordinator, one, options);
  });

  test("is known to be done when the coordinator has forgotten the id", async () => {
    const one = await written();
    await commitPrepared(coordinator, one, options);
    coordinator.forget(one.transactionalId);
    await commitPrepared(coordinator, one, options);
  });

  test("is nobody's concern once the records are gone from the topic", async () => {
    const one = await written();
    coordinator.timeOut(one.transactionalId);
    coordinator.truncate();
    await commitPrepared(coordinator, one, options);
  });

  test.each(["at once", "after a week", "after its id went on"])("that the broker aborted is an error, %s", async (when) => {
    const mine = transactions();
    const one = await written(mine);
    coordinator.timeOut(one.transactionalId);
    if (when === "after a week") coordinator.forget(one.transactionalId);
    if (when === "after its id went on") await coordinator.initProducer(one.transactionalId, 1000);
    const error = { code: "WEIR_SINK_LOST", message: expect.stringMatching(/p-1-0-0 \(t\).*aborted.*snapshot before.*ifLost/) };
    await expect(commitPrepared(coordinator, one, options)).rejects.toMatchObject(error);
    await commitPrepared(coordinator, one, { withinMs, ifLost: "continue" });
  });

  test("whose fate nobody can tell is an error", async () => {
    const { first: _none, ...one } = await written();
    await commitPrepared(coordinator, one, options);
    coordinator.forget(one.transactionalId);
    await expect(commitPrepared(coordinator, one, options)).rejects.toMatchObject({
      code: "WEIR_SINK_LOST",
      message: expect.stringMatching(/cannot be read from the topic/),
    });
  });

  test("waits while the end is decided and not yet written", async () => {
    const one = await written();
    const undecided = { ...coordinator, calls: 0 };
    undecided.end = () => Promise.reject(Object.assign(new Error(), { apiId: "PRODUCER_FENCED" }));
    undecided.outcome = () => Promise.resolve(++undecided.calls < 3 ? "open" : "committed");
    await commitPrepared(undecided, one, options);
    expect(undecided.calls).toBe(3);
  });

  test("gives up in time when no broker answers, to be tried again from the snapshot", async () => {
    const one = await written();
    for (let i = 0; i < 50; i++) coordinator.fail("end", "NETWORK");
    await expect(commitPrepared(coordinator, one, options)).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED" });
  });

  test("survives the snapshot as JSON", async () => {
    const one = await written();
    await commitPrepared(coordinator, JSON.parse(JSON.stringify(one)) as PreparedTransaction, options);
    expect(coordinator.stateOf(one.transactionalId)).toBe("CompleteCommit");
  });
});

describe("aborting what was prepared", () => {
  test("aborts that transaction, once or twice, and no other", async () => {
    const mine = transactions();
    const one = await written(mine);
    coordinator.lose("end");
    await abortPrepared(coordinator, one, options);
    await abortPrepared(coordinator, one, options);
    expect(coordinator.stateOf(one.transactionalId)).toBe("CompleteAbort");
    const next = await written(mine);
    expect(next.transactionalId).toBe(one.transactionalId);
    await abortPrepared(coordinator, one, options);
    expect(coordinator.stateOf(next.transactionalId)).toBe("Ongoing");
    expect(nameOf(next).producerEpoch).toBeGreaterThan(one.producerEpoch);
  });

  test("asks nothing of an id that is forgotten", async () => {
    const one = await written();
    coordinator.forget(one.transactionalId);
    await abortPrepared(coordinator, one, options);
  });
});

describe("what dead executions left open", () => {
  const leftovers = (execution: number, worker = 0, workers = 1) =>
    abortLeftovers(coordinator, { ids: { prefix: "p", execution }, worker, workers, timeoutMs: 1000, withinMs });

  test("is aborted by the worker that it falls to, of earlier executions only", async () => {
    for (const worker of [0, 1, 2]) await written(transactions(4, worker));
    const own = await written(transactions(5, 0));
    const later = await written(transactions(6, 0));
    expect(await leftovers(5, 0, 2)).toEqual(["p-4-0-0", "p-4-2-0"]);
    expect(await leftovers(5, 1, 2)).toEqual(["p-4-1-0"]);
    expect(await leftovers(5, 0, 2)).toEqual([]);
    for (const one of [own, later]) expect(coordinator.stateOf(one.transactionalId)).toBe("Ongoing");
  });

  test("is shut out: it cannot write any more", async () => {
    const zombie = transactions(1);
    await zombie.begin();
    await zombie.enlist(partitions);
    await leftovers(2);
    await expect(zombie.enlist(partitions)).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED" });
  });

  test("of other prefixes is left alone", async () => {
    const other = createTransactions(coordinator, { ids: { prefix: "p-1", execution: 1 }, worker: 0, timeoutMs: 1000, withinMs });
    const one = await written(other);
    expect(one.transactionalId).toBe("p-1-1-0-0");
    expect(await leftovers(9)).toEqual([]);
  });

  test("is left to its timeout when the user may not list transactions", async () => {
    coordinator.fail("list", "CLUSTER_AUTHORIZATION_FAILED");
    expect(await leftovers(9)).toEqual([]);
  });

  test("ids are read as they are written", () => {
    expect(parseTransactionalId("a-b", transactionalId({ prefix: "a-b", execution: 12 }, 3, 1))).toEqual({
      execution: 12,
      worker: 3,
    });
    for (const id of ["a-b", "a-b-1-2", "a-b-1-2-3-4", "a-1-2-3", "xa-b-1-2-3"])
      expect(parseTransactionalId("a-b", id)).toBeUndefined();
  });
});
