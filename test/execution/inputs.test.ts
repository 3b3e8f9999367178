/** Listings of an input as they come back: late, in another order, or not at all. */
import { expect, test } from "vitest";
import { WeirError } from "../../runtime/errors/index.ts";
import { createInputs } from "../../runtime/execution/inputs.ts";

type Listing = PromiseWithResolvers<string[]>;

function inputsOf(first: () => string[] | Promise<string[]>) {
  const said: string[] = [];
  const listings: Listing[] = [];
  let begun = false;
  const inputs = createInputs({
    sources: [
      {
        step: "in",
        list() {
          if (!begun) return first();
          const listing = Promise.withResolvers<string[]>();
          listings.push(listing);
          return listing.promise;
        },
      },
    ],
    workers: 1,
    listEveryMs: 1_000,
    closed: () => false,
    onAssign: (_step, part) => void said.push(`assign ${part}`),
    onListed: () => void said.push("listed"),
    onFailed: ({ code }) => void said.push(code),
  });
  return {
    inputs,
    said,
    listings,
    async begin() {
      const listed = await inputs.open();
      inputs.begin(0);
      begun = true;
      return listed;
    },
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const interruption = () => new WeirError("WEIR_SOURCE_INTERRUPTED", "503");

test("a listing that was begun before all parts had ended does not end the input, but what it finds is read", async () => {
  const { inputs, said, listings, begin } = inputsOf(() => ["a"]);
  await begin();
  inputs.poll(1_000);
  inputs.partEnded("in", "a");
  inputs.poll(1_001);
  expect(listings).toHaveLength(2);
  listings[0]!.resolve(["a"]);
  await turn();
  expect(inputs.allEnded).toBe(false);
  listings[1]!.resolve(["a", "b"]);
  await turn();
  expect(said).toContain("assign b");
  expect(inputs.allEnded).toBe(false);

  // The other way round: the early one finds what has appeared, which ends before the last one, begun before it was known, is back.
  inputs.poll(2_000);
  inputs.partEnded("in", "b");
  inputs.poll(2_001);
  expect(listings).toHaveLength(4);
  listings[2]!.resolve(["a", "b", "c"]);
  await turn();
  expect(said).toContain("assign c");
  inputs.partEnded("in", "c");
  inputs.poll(2_002);
  expect(listings).toHaveLength(5);
  listings[3]!.resolve(["a", "b", "c"]);
  await turn();
  expect(inputs.allEnded).toBe(false);
  listings[4]!.resolve(["a", "b", "c"]);
  await turn();
  expect(inputs.allEnded).toBe(true);
});

test("whoever waits for the next time hears of a listing that was interrupted", async () => {
  const { inputs, said, listings, begin } = inputsOf(() => ["a"]);
  await begin();
  inputs.poll(1_000);
  expect(inputs.nextTime()).toBe(Infinity);
  listings[0]!.reject(interruption());
  await turn();
  expect(said).toEqual(["listed"]);
  expect(inputs.nextTime()).toBe(2_000);
});

test("an input that cannot be listed when an execution begins is listed while the others are read", async () => {
  const { inputs, said, listings, begin } = inputsOf(() => Promise.reject(interruption()));
  expect(await begin()).toEqual({ in: [] });
  inputs.poll(0);
  expect(listings).toHaveLength(1);
  expect(inputs.allEnded).toBe(false);
  listings[0]!.resolve(["a"]);
  await turn();
  expect(said).toEqual(["assign a", "listed"]);
});
