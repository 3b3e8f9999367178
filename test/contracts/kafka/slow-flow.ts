/**
 * Records from Kafka into a sink that takes a fixed number a second, until a file says that it is well again: the flow of the overload test. Notes
 * what it has handled in a file.
 */
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dataflow, type DynamicSink, kafkaSource } from "../../../runtime/index.ts";

export default function slow(params: Readonly<Record<string, string>>): Dataflow {
  const perSecond = Number(params.perSecond);
  let handled = 0;
  const sink: DynamicSink<unknown> = {
    kind: "dynamic",
    build: () => ({
      async writeBatch(items) {
        await sleep((items.length / (existsSync(params.well!) ? perSecond * 20 : perSecond)) * 1_000);
        writeFileSync(params.note!, String((handled += items.length)));
      },
    }),
  };
  const flow = new Dataflow("slow");
  flow.input("in", kafkaSource({ brokers: params.brokers!, topics: params.topic!, bufferBytes: 4 << 20 })).output("out", sink);
  return flow;
}
