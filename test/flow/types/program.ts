// A program that uses every declaration of the contract. It is compiled twice: against the contract and against the package.
import {
  Dataflow,
  dirSink,
  eventClock,
  fileSink,
  fileSource,
  pollingSource,
  RetryAfter,
  session,
  sliding,
  stdoutSink,
  systemClock,
  tumbling,
  WeirError,
  type Clock,
  type DynamicSink,
  type FlowExport,
  type Keyed,
  type KeyedStream,
  type PartitionedSink,
  type PartitionedSource,
  type Stream,
  type TransactionalSink,
  type Windower,
  type WindowMeta,
} from "weir";

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
function same<A, B>(_ok: Same<A, B>): void {}

interface Order {
  readonly customer: string;
  readonly amount: number;
  readonly at: Date;
}
declare const orders: PartitionedSource<Order, { offset: number }>;
declare const names: PartitionedSource<readonly [string, string], number>;
declare const lines: PartitionedSink<string, number>;
declare const anything: DynamicSink<unknown>;
declare const exactly: TransactionalSink<Keyed<number>, string>;

const flow = new Dataflow("orders");
const input = flow.input("orders", orders);
same<typeof input, Stream<Order>>(true);
const amounts = input.keyBy("customer", (order) => order.customer).mapValue("amount", (order) => order.amount);
same<typeof amounts, KeyedStream<number>>(true);
const named = flow.input("names", names).asKeyed();
same<typeof named, KeyedStream<string>>(true);

const joined = amounts.join("join", [named, amounts], { insert: "product", emit: "running" });
same<typeof joined, KeyedStream<readonly [number | null, string | null, number | null]>>(true);
joined.output("joined", stdoutSink());

const flat = input.map("lists", (order) => [order.amount, order.customer]).flatten("flat");
same<typeof flat, Stream<string | number>>(true);
// @ts-expect-error: numbers are no lists
amounts.unkey("numbers").flatten("none");
// @ts-expect-error: numbers are no pairs
amounts.unkey("more numbers").asKeyed();

amounts.mapValue("text", String).output("file", fileSink("out.txt"));
amounts.mapValue("text2", String).output("dir", dirSink("out", { parts: 3 }));
amounts.mapValue("text3", String).output("lines", lines);
// @ts-expect-error: values must be strings
amounts.output("not text", lines);
// @ts-expect-error: a partitioned sink needs keys
input.map("no key", (order) => order.customer).output("no keys", lines);
amounts.output("exactly", exactly);
input.output("anything", anything);

const sums = amounts.statefulMap("sum", (sum: number | undefined, amount) => {
  const next = (sum ?? 0) + amount;
  return [next, { next }];
});
same<typeof sums, KeyedStream<{ next: number }>>(true);
amounts.statefulFlatMap("some", (seen: number[] | undefined, n) => [undefined, [...(seen ?? []), n]]);
const stateful = amounts.stateful("stateful", (resume: string | undefined) => ({
  onItem: (value: number) => ({ emit: [value, resume], discard: value > 3 }),
  onNotify: () => undefined,
  notifyAt: () => 17,
  snapshot: () => "state",
}));
same<typeof stateful, KeyedStream<string | number | undefined>>(true);
amounts.statefulBatch("batch", (_resume: number | undefined) => ({
  onBatch: (values: readonly number[]) => ({ emit: [values.length] }),
  snapshot: () => 0,
}));
same<ReturnType<typeof amounts.countFinal>, KeyedStream<number>>(true);
const folded = amounts.foldFinal(
  "fold",
  () => "",
  (text, n) => text + n,
);
same<typeof folded, KeyedStream<string>>(true);
amounts.reduceFinal("reduce", (a, b) => a + b);
amounts.maxFinal("max").merge(
  "both",
  amounts.minFinal("min", (n) => BigInt(n)),
);
amounts.collect("collect", { maxSize: 10, timeoutMs: 1_000 }).inspect("see", (_step, [key, list]) => key.length + list.length);

const clock: Clock<Order> = eventClock<Order>({ timestamp: (order) => order.at, waitMs: 1_000 });
const windowers: Windower[] = [
  tumbling({ lengthMs: 10, alignTo: new Date(0) }),
  sliding({ lengthMs: 10, offsetMs: 5, alignTo: 0 }),
  session({ gapMs: 5 }),
];
const keyed = input.keyBy("by customer", (order) => order.customer);
const window = keyed.window("window", { clock, windower: windowers[0]!, ordered: false });
const out = window.fold(
  () => 0,
  (sum, order) => sum + order.amount,
  (a, b) => a + b,
);
same<typeof out.down, KeyedStream<readonly [windowId: number, value: number]>>(true);
same<typeof out.late, KeyedStream<readonly [windowId: number, value: Order]>>(true);
same<typeof out.meta, KeyedStream<readonly [windowId: number, meta: WindowMeta]>>(true);
const windowJoin = keyed
  .window("window join", { clock: systemClock(), windower: windowers[1]! })
  .join([amounts], { emit: "complete" });
same<typeof windowJoin.down, KeyedStream<readonly [windowId: number, value: readonly [Order | null, number | null]]>>(true);

const { trues, falses } = input.branch("branch", (order) => order.amount > 3);
trues.merge("merged", falses, input).redistribute("spread").broadcast("all").raises("never");
const looped = input.iterate("loop", (loop) => ({
  again: loop.filter("again", () => false),
  out: loop.map("out", (order) => order.at),
}));
same<typeof looped, Stream<Date>>(true);
const asynchronous = input.mapAsync("async", async (order) => order.amount, { concurrency: 3, ordered: false });
same<typeof asynchronous, Stream<number>>(true);
const enriched = input.enrichCached(
  "enrich",
  async (key: string) => key.length,
  async (get, order) => (await get(order.customer)) + 1,
  { ttlMs: 5 },
);
same<typeof enriched, Stream<number>>(true);
const kept = input.filterMap("kept", (order) => (order.amount > 3 ? order.amount : undefined));
same<typeof kept, Stream<number>>(true);
input
  .flatMapBatch("batch map", (batch) => batch.map((order) => order.at))
  .inspectDebug("debug", (_step, at, epoch, worker) => at.getTime() + epoch + worker);
same<ReturnType<typeof amounts.unkey>, Stream<number>>(true);
amounts
  .flatMapValue("values", (n) => [n])
  .filterValue("big", (n) => n > 3)
  .filterMapValue("some values", (n) => n)
  .unkey("values only");

flow.input("lines", fileSource("*.txt", { encoding: "csv" }));
flow.input(
  "poll",
  pollingSource<number, string>({
    intervalMs: 10,
    getter: async (state) => {
      if (state === undefined) throw new RetryAfter(100);
      return [1, "next"];
    },
  }),
);
const exported: FlowExport = async (params) => (params["x"] === undefined ? flow : new Dataflow(params["x"]));
const error: WeirError | undefined = undefined as unknown as WeirError;
console.log(error?.code.length, error?.step?.length);
export default exported;
