/** A Kafka input whose bad records are set aside instead of stopping the flow. */
import { type Dataflow, isDataflow } from "../../flow/graph/dataflow.ts";
import { refuseOption } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";
import type { Stream } from "../../flow/graph/stream.ts";
import { openSource } from "./source.ts";
import type { Decoded, KafkaBadRecord, KafkaFormat, KafkaMessage } from "./source-message.ts";
import { type KafkaSourceOptions, sourceSettings } from "./source-options.ts";

export interface KafkaInput<K, V> {
  readonly messages: Stream<KafkaMessage<K, V>>;
  /** Records whose key or value the deserializer refused, as bytes, with its error. */
  readonly errors: Stream<KafkaBadRecord>;
}

/**
 * As `flow.input(step, kafkaSource(options))`, with records that cannot be decoded in a stream of their own. Adds two steps: `step`,
 * and `<step>-errors`, which tells them apart. Throws as `kafkaSource` and `input` do.
 */
export function kafkaInput<K extends KafkaFormat = "bytes", V extends KafkaFormat = "bytes", KeyType = never, ValueType = never>(
  flow: Dataflow,
  step: string,
  options: KafkaSourceOptions<K, V, KeyType, ValueType>,
): KafkaInput<Decoded<K, KeyType>, Decoded<V, ValueType>> {
  if (!isDataflow(flow)) refuseOption("kafkaInput", "flow", "a Dataflow", show(flow));
  const { trues, falses } = flow
    .input(step, openSource(sourceSettings(options), "keep"))
    .branch(`${step}-errors`, (message) => "bad" in message);
  return {
    messages: falses as Stream<any>,
    errors: trues as Stream<KafkaBadRecord>,
  };
}
