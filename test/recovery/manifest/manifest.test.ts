import { describe, expect, test } from "vitest";
import {
  type Manifest,
  type Snapshot,
  checkSteps,
  chooseSnapshot,
  claimExecution,
  commitSnapshot,
  createMemoryStore,
  readManifest,
} from "../../../runtime/recovery/index.ts";
import { parseManifest, serializeManifest } from "../../../runtime/recovery/manifest/index.ts";

/** What the outside reads of `manifest.json`: a manifest of ours has to do for it as it is. */
interface PublicManifest {
  format: 1;
  flow: string;
  hash: string;
  partitions: number;
  execution: number;
  topology: { processes: number; threads: number };
  snapshots: readonly {
    epoch: number;
    execution: number;
    time: string;
    steps: readonly string[];
    files: readonly { path: string; bytes: number; sha256: string }[];
    prepared?: readonly unknown[];
  }[];
}

const claim = { flow: "f", hash: "h", partitions: 4, topology: { processes: 2, threads: 1 }, owner: "host-a pid 1" };
const snapshot = (epoch: number, execution = 1, more: Partial<Snapshot> = {}): Snapshot => ({
  epoch,
  execution,
  time: "2026-01-01T00:00:00Z",
  steps: ["count"],
  files: [
    {
      path: `delta/${String(execution).padStart(10, "0")}-${String(epoch).padStart(10, "0")}-0000000000.sqlite.zst`,
      bytes: 1,
      sha256: "a".repeat(64),
    },
  ],
  ...more,
});
const good: Manifest = {
  format: 1,
  flow: "f",
  hash: "h",
  partitions: 2,
  execution: 1,
  topology: { processes: 1, threads: 1 },
  assignment: [0, 0],
  snapshots: [snapshot(1)],
};

describe("reading a manifest", () => {
  test("gives back what was written, and keeps to the public shape", () => {
    const read: PublicManifest = parseManifest(serializeManifest(good), "here");
    expect(read).toEqual(good);
  });

  test("lets fields pass that a later version may add", () => {
    expect(parseManifest(new TextEncoder().encode(JSON.stringify({ ...good, later: 1 })), "here")).toMatchObject(good);
  });

  test.each([
    ["is not JSON", "{"],
    ["/partitions", { ...good, partitions: "2" }],
    ["/snapshots/0/files/0/sha256", { ...good, snapshots: [snapshot(1, 1, { files: [{ path: "x", bytes: 1, sha256: "zz" }] })] }],
    ["assigns 1 of 2 partitions", { ...good, assignment: [0] }],
    ["assigns partition 1 to worker 5 of 1", { ...good, assignment: [0, 5] }],
    ["/flow must be a string", { ...good, flow: 1 }],
    ["/format must be 1", { ...good, format: undefined }],
    ["/execution must be an integer of at least 0", { ...good, execution: -1 }],
    ["/topology must be an object", { ...good, topology: [] }],
    ["/topology/threads must be an integer of at least 1", { ...good, topology: { processes: 1, threads: 0.5 } }],
    ["/assignment must be an array", { ...good, assignment: {} }],
    ["/owner must be a string", { ...good, owner: null }],
    [
      "/snapshots/0/files/0/parts must be true or false",
      { ...good, snapshots: [snapshot(1, 1, { files: [{ ...good.snapshots[0]!.files[0]!, parts: 1 as never }] })] },
    ],
    ["is not a manifest", null],
    ["is not a manifest", []],
    ["is not a manifest", {}],
  ])("refuses damage: %s", (message, value) => {
    const bytes = new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
    expect(() => parseManifest(bytes, "s3://b/manifest.json")).toThrow(
      expect.objectContaining({
        code: "WEIR_SNAPSHOT_DAMAGED",
        message: expect.stringMatching(new RegExp(`^s3://b/manifest.json.*${message}`)),
      }),
    );
  });

  test("says so when the format is of another version", () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...good, format: 2 }));
    expect(() => parseManifest(bytes, "here")).toThrow(expect.objectContaining({ code: "WEIR_DECODE" }));
  });
});

describe("claiming an execution", () => {
  test("makes the first manifest, then counts up", async () => {
    const store = createMemoryStore();
    const first = await claimExecution(store, claim);
    expect(first.manifest).toMatchObject({
      execution: 1,
      partitions: 4,
      topology: { processes: 2, threads: 1 },
      assignment: [0, 1, 0, 1],
      snapshots: [],
    });
    const second = await claimExecution(store, claim);
    expect(second.manifest.execution).toBe(2);
    expect(await readManifest(store)).toEqual(second);
  });

  test("has 128 partitions by default, and later what the store has", async () => {
    const store = createMemoryStore();
    const { partitions: _, ...open } = claim;
    expect((await claimExecution(store, open)).manifest.partitions).toBe(128);
    expect((await claimExecution(store, open)).manifest.assignment).toHaveLength(128);
  });

  test("keeps the store's processes when asked to, and moves partitions when not", async () => {
    const store = createMemoryStore();
    await claimExecution(store, claim);
    const more = { ...claim, topology: { processes: 4, threads: 1 } };
    expect((await claimExecution(store, { ...more, keepProcesses: true })).manifest).toMatchObject({
      topology: { processes: 2 },
      assignment: [0, 1, 0, 1],
    });
    expect((await claimExecution(store, more)).manifest).toMatchObject({ topology: { processes: 4 }, assignment: [0, 1, 2, 3] });
  });

  test.each([
    ["WEIR_STORE_FLOW", { flow: "other" }, /"f".*"other"/],
    ["WEIR_PARTITIONS_CHANGED", { partitions: 5 }, /4 partitions.*5/],
    ["WEIR_PARTITIONS_CHANGED", { hash: "other" }, /h, .*other/],
  ])("is refused with %s when the store does not fit, and nothing is written", async (code, change, message) => {
    const store = createMemoryStore();
    await claimExecution(store, claim);
    const before = await readManifest(store);
    await expect(claimExecution(store, { ...claim, ...change })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(await readManifest(store)).toEqual(before);
  });

  test.each([false, true])(
    "is won by one of those who try at once, and the others are told who (same text by all: %s)",
    async (same) => {
      for (let round = 0; round < 20; round += 1) {
        const objects = new Map<string, Uint8Array>();
        const claims = [1, 2, 3].map((who) =>
          claimExecution(createMemoryStore({}, objects), same ? claim : { ...claim, owner: `host-${who}` }),
        );
        const results = await Promise.allSettled(claims);
        const winners = results.filter((result) => result.status === "fulfilled");
        expect(winners).toHaveLength(1);
        const owner = winners[0]!.value.manifest.owner!;
        for (const result of results) {
          if (result.status === "rejected")
            expect(result.reason).toMatchObject({ code: "WEIR_STORE_OWNED", message: expect.stringContaining(owner) });
        }
      }
    },
  );

  test("takes the store from those who were first, by force", async () => {
    const objects = new Map<string, Uint8Array>();
    const claims = [1, 2, 3].map((who) =>
      claimExecution(createMemoryStore({}, objects), { ...claim, owner: `host-${who}`, force: true }),
    );
    const executions = (await Promise.all(claims)).map((result) => result.manifest.execution);
    expect(executions.toSorted()).toEqual([1, 2, 3]);
  });

  test("goes on when the owner commits between its reading and its writing", async () => {
    const objects = new Map<string, Uint8Array>();
    const calm = createMemoryStore({}, objects);
    let current = await claimExecution(calm, claim);
    let disturbances = 3;
    const disturbed = createMemoryStore(
      {
        async delay(operation) {
          if (operation !== "putIf" || (disturbances -= 1) < 0) return;
          current = await commitSnapshot(calm, current, snapshot(5 - disturbances), { retain: 9 });
        },
      },
      objects,
    );
    const claimed = await claimExecution(disturbed, { ...claim, owner: "host-b" });
    expect(claimed.manifest).toMatchObject({ execution: 2, owner: "host-b" });
    expect(claimed.manifest.snapshots).toHaveLength(3);
  });
});

describe("committing a snapshot", () => {
  test("keeps the last ones only", async () => {
    const store = createMemoryStore();
    let current = await claimExecution(store, claim);
    for (let epoch = 1; epoch <= 5; epoch += 1) current = await commitSnapshot(store, current, snapshot(epoch), { retain: 3 });
    expect(current.manifest.snapshots.map((each) => each.epoch)).toEqual([3, 4, 5]);
    expect(await readManifest(store)).toEqual(current);
  });

  test("changes topology and execution in the same write", async () => {
    const store = createMemoryStore();
    const current = await claimExecution(store, claim);
    const next = await commitSnapshot(store, current, snapshot(1), {
      retain: 1,
      topology: { processes: 1, threads: 1 },
      assignment: [0, 0, 0, 0],
      nextExecution: true,
    });
    expect(next.manifest).toMatchObject({
      execution: 2,
      topology: { processes: 1 },
      assignment: [0, 0, 0, 0],
      snapshots: [{ epoch: 1, execution: 1 }],
    });
  });

  test("fails for an owner who has lost the store, naming who has it", async () => {
    const store = createMemoryStore();
    const old = await claimExecution(store, claim);
    const other = await claimExecution(store, { ...claim, owner: "host-b pid 7" });
    await expect(commitSnapshot(store, old, snapshot(1), { retain: 1 })).rejects.toMatchObject({
      code: "WEIR_STORE_OWNED",
      message: expect.stringMatching(/execution 2.*host-b pid 7/),
    });
    expect(await readManifest(store)).toEqual(other);
  });

  test("that took place though the owner was told that it failed is built upon", async () => {
    const objects = new Map<string, Uint8Array>();
    let lost = false;
    // Neither the write's answer nor the reading back arrives.
    const store = createMemoryStore(
      { fault: (operation) => (!lost ? undefined : operation === "putIf" ? "after" : "before") },
      objects,
    );
    const current = await claimExecution(store, claim);
    lost = true;
    await expect(commitSnapshot(store, current, snapshot(1), { retain: 2 })).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
    lost = false;
    const next = await commitSnapshot(store, current, snapshot(2), { retain: 2 });
    expect(next.manifest.snapshots.map((each) => each.epoch)).toEqual([1, 2]);
  });

  test("forgets dropped steps when no file can have rows of them any more", async () => {
    const store = createMemoryStore();
    let current = await claimExecution(store, claim);
    const dropped = [{ step: "gone", execution: 1, epoch: 3 }];
    current = await commitSnapshot(store, current, snapshot(3, 1, { dropped }), { retain: 1 });
    expect(current.manifest.snapshots[0]!.dropped).toEqual(dropped);
    current = await commitSnapshot(store, current, snapshot(4, 1, { dropped }), { retain: 1 });
    expect(current.manifest.snapshots[0]!.dropped).toBeUndefined();
  });
});

describe("choosing a snapshot", () => {
  const manifest = { ...good, snapshots: [snapshot(5), snapshot(6), snapshot(7)] };
  test("takes the newest, or the epoch asked for", () => {
    expect(chooseSnapshot(manifest)?.epoch).toBe(7);
    expect(chooseSnapshot(manifest, 6)?.epoch).toBe(6);
    expect(chooseSnapshot({ ...good, snapshots: [] })).toBeUndefined();
  });
  test("says which epochs there are when it cannot", () => {
    expect(() => chooseSnapshot(manifest, 4)).toThrow(
      expect.objectContaining({ code: "WEIR_SNAPSHOT_NOT_RETAINED", message: expect.stringContaining("5, 6, 7") }),
    );
  });
});

describe("steps that a flow does not have any more", () => {
  const kept = snapshot(9, 2, { steps: ["a", "b", "c"] });
  test("stop a resume, by name", () => {
    expect(() => checkSteps(kept, ["b"], false)).toThrow(
      expect.objectContaining({ code: "WEIR_STATE_DROPPED", message: expect.stringMatching(/"a", "c"/) }),
    );
    expect(checkSteps(kept, ["c", "b", "a", "new"], false)).toEqual([]);
  });
  test("stop it as well when they are sinks that have prepared output, which nobody else can make visible", () => {
    const told = { ...kept, steps: ["b"], prepared: [["table", { rows: 3 }]] };
    expect(() => checkSteps(told, ["b"], false)).toThrow(
      expect.objectContaining({ code: "WEIR_STATE_DROPPED", message: expect.stringMatching(/output of step "table"/) }),
    );
    expect(checkSteps(told, ["b", "table"], false)).toEqual([]);
  });
  test("are remembered as dropped when that is allowed, with earlier ones", () => {
    const earlier = { step: "z", execution: 1, epoch: 1 };
    expect(checkSteps({ ...kept, dropped: [earlier, { step: "a", execution: 1, epoch: 1 }] }, ["b", "c"], true)).toEqual([
      earlier,
      { step: "a", execution: 2, epoch: 9 },
    ]);
  });
});
