/**
 * What every store promises, as a suite that is run for each: the file system, memory, a fake S3 and a real one, Azurite.
 */
import { describe, expect, test } from "vitest";
import type { Store } from "../../../runtime/recovery/types.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (object: { bytes: Uint8Array } | undefined): string | undefined => object && new TextDecoder().decode(object.bytes);
const precondition = { code: "WEIR_STORE_PRECONDITION" };

export interface StoreContractOptions {
  /** False for a server that compares and writes in two steps, so that writers who meet in between both win. The clouds do not. */
  readonly atomic?: boolean;
}

/**
 * @param open a store under a prefix that is new at each call, and what opens the same prefix once more as another process would
 */
export function storeContract(
  name: string,
  open: () => Promise<{ store: Store; again: () => Store }>,
  { atomic = true }: StoreContractOptions = {},
): void {
  describe(`${name} as a store`, () => {
    test("has nothing at first", async () => {
      const { store } = await open();
      expect(await store.get("manifest.json")).toBeUndefined();
      expect(await store.list("")).toEqual([]);
      await store.close();
    });

    test("gives back what was put, empty and binary bytes included", async () => {
      const { store, again } = await open();
      const binary = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) & 255);
      await store.put("delta/a", binary);
      await store.put("delta/empty", new Uint8Array());
      const other = again();
      expect(Buffer.compare((await other.get("delta/a"))!.bytes, binary)).toBe(0);
      expect((await other.get("delta/empty"))!.bytes.byteLength).toBe(0);
      await Promise.all([store.close(), other.close()]);
    });

    test("takes a view into a larger buffer for what it shows", async () => {
      const { store } = await open();
      await store.put("delta/view", bytes("xxhelloyy").subarray(2, 7));
      await store.putIf("manifest.json", bytes("xxworldyy").subarray(2, 7), undefined);
      expect(text(await store.get("delta/view"))).toBe("hello");
      expect(text(await store.get("manifest.json"))).toBe("world");
      await store.close();
    });

    test("puts the same again without harm", async () => {
      const { store } = await open();
      await store.put("base/1/x", bytes("same"));
      await store.put("base/1/x", bytes("same"));
      expect(text(await store.get("base/1/x"))).toBe("same");
      await store.close();
    });

    test("lists by prefix, sorted, and no more than that", async () => {
      const { store } = await open();
      for (const path of ["delta/2", "delta/10", "base/1/a", "base/10/a", "deltas"]) await store.put(path, bytes(path));
      await store.putIf("manifest.json", bytes("m"), undefined);
      expect(await store.list("delta/")).toEqual(["delta/10", "delta/2"]);
      expect(await store.list("base/1/")).toEqual(["base/1/a"]);
      expect(await store.list("base/1")).toEqual(["base/1/a", "base/10/a"]);
      expect(await store.list("")).toEqual(["base/1/a", "base/10/a", "delta/10", "delta/2", "deltas", "manifest.json"]);
      await store.close();
    });

    test("deletes, also what is not there", async () => {
      const { store } = await open();
      for (let i = 0; i < 12; i += 1) await store.put(`delta/${i}`, bytes("x"));
      await store.delete(["delta/0", "delta/none", ...Array.from({ length: 10 }, (_, i) => `delta/${i + 1}`)]);
      await store.delete(["delta/0"]);
      await store.delete([]);
      expect(await store.list("")).toEqual(["delta/11"]);
      await store.close();
    });

    test("creates under a condition once only", async () => {
      const { store, again } = await open();
      await store.putIf("manifest.json", bytes("first"), undefined);
      await expect(again().putIf("manifest.json", bytes("second"), undefined)).rejects.toMatchObject(precondition);
      expect(text(await store.get("manifest.json"))).toBe("first");
      await store.close();
    });

    test("replaces under a condition, and names the new version", async () => {
      const { store } = await open();
      const first = await store.putIf("manifest.json", bytes("first"), undefined);
      expect((await store.get("manifest.json"))!.version).toBe(first);
      const second = await store.putIf("manifest.json", bytes("second"), first);
      expect(second).not.toBe(first);
      expect(await store.get("manifest.json")).toEqual({ bytes: expect.anything(), version: second });
      await expect(store.putIf("manifest.json", bytes("third"), first)).rejects.toMatchObject(precondition);
      expect(text(await store.get("manifest.json"))).toBe("second");
      await store.close();
    });

    test("refuses to replace what is gone", async () => {
      const { store } = await open();
      const version = await store.putIf("manifest.json", bytes("first"), undefined);
      await store.delete(["manifest.json"]);
      await expect(store.putIf("manifest.json", bytes("second"), version)).rejects.toMatchObject(precondition);
      expect(await store.get("manifest.json")).toBeUndefined();
      await store.close();
    });

    if (!atomic) return;
    test("lets one of several win who replace the same version at once", async () => {
      const { store, again } = await open();
      let version = await store.putIf("manifest.json", bytes("start"), undefined);
      const others = Array.from({ length: 6 }, again);
      for (let round = 0; round < 5; round += 1) {
        const results = await Promise.allSettled(
          others.map((other, i) => other.putIf("manifest.json", bytes(`${round} by ${i}`), version)),
        );
        const winners = results.flatMap((result, i) => (result.status === "fulfilled" ? [{ i, version: result.value }] : []));
        expect(winners).toHaveLength(1);
        for (const result of results) if (result.status === "rejected") expect(result.reason).toMatchObject(precondition);
        expect(text(await store.get("manifest.json"))).toBe(`${round} by ${winners[0]!.i}`);
        version = winners[0]!.version;
      }
      await Promise.all([store, ...others].map((each) => each.close()));
    });

    test("loses no increment of a counter that many add to", async () => {
      const { store, again } = await open();
      await store.putIf("manifest.json", bytes("0 start"), undefined);
      const add = async (who: number): Promise<void> => {
        const own = again();
        for (let done = 0; done < 8;) {
          const current = (await own.get("manifest.json"))!;
          const next = `${Number.parseInt(text(current)!, 10) + 1} by ${who}`;
          const won = await own.putIf("manifest.json", bytes(next), current.version).then(
            () => true,
            (error: { code?: string }) => {
              if (error.code !== "WEIR_STORE_PRECONDITION") throw error;
              return false;
            },
          );
          if (won) done += 1;
        }
        await own.close();
      };
      await Promise.all([1, 2, 3].map(add));
      expect(Number.parseInt(text(await store.get("manifest.json"))!, 10)).toBe(24);
      await store.close();
    });
  });
}
