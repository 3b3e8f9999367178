import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createWorkQueue } from "../../../sandbox/client/index.ts";

describe("a work queue", () => {
  it("works on a key once at a time, and once more when it was added meanwhile", async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const queue = createWorkQueue(async () => {
      most = Math.max(most, ++running);
      runs++;
      await sleep(20);
      running--;
    });
    queue.add("a");
    queue.add("a");
    await sleep(5);
    queue.add("a");
    queue.add("a");
    await sleep(5);
    await queue.idle();
    expect({ most, runs }).toEqual({ most: 1, runs: 2 });
    await queue.stop();
  });

  it("works on several keys at a time, as many as it may", async () => {
    let running = 0;
    let most = 0;
    const queue = createWorkQueue(
      async () => {
        most = Math.max(most, ++running);
        await sleep(10);
        running--;
      },
      { parallel: 2 },
    );
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await sleep(5);
    await queue.idle();
    expect(most).toBe(2);
    await queue.stop();
  });

  it("comes back to a key whose work failed, until it succeeds", async () => {
    const attempts: number[] = [];
    let tries = 0;
    const queue = createWorkQueue(
      async () => {
        if (++tries < 4) throw new Error("not yet");
      },
      { firstDelayMs: 5, onError: (_key, _error, attempt) => void attempts.push(attempt) },
    );
    queue.add("a");
    while (tries < 4) await sleep(5);
    expect(attempts).toEqual([0, 1, 2]);
    await queue.stop();
  });

  it("waits for the work that runs when it stops, and starts no other", async () => {
    const done: string[] = [];
    const queue = createWorkQueue(
      async (key) => {
        await sleep(20);
        done.push(key);
      },
      { parallel: 1 },
    );
    queue.add("a");
    queue.add("b");
    queue.add("c", 10);
    await sleep(5);
    await queue.stop();
    await sleep(30);
    expect(done).toEqual(["a"]);
  });
});
