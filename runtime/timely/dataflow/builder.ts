/**
 * Builds operators with any number of inputs and outputs; every operator is made here.
 *
 *   buildOperator(scope, { name, inputs, outputs }, (context) => (inputs, outputs) => { one run })
 *
 * The logic runs when data has arrived, when it was activated and, with `notify`, when a frontier of its inputs has moved. It
 * may take part of what waits, and it may send only by capabilities that it holds or by the batch at hand.
 */
import { identitySummary, minimum } from "../progress/index.ts";
import { HeldCapability } from "./capability.ts";
import type { OperatorState } from "./dataflow-state.ts";
import { InputQueue } from "./input-queue.ts";
import { graphError } from "./misuse.ts";
import type { OperatorContext, OperatorInput, OperatorOutput, OperatorSpec } from "./operator-types.ts";
import { PortOrigin } from "./origin.ts";
import { OutputChannels } from "./output-channels.ts";
import type { ScopeState } from "./scope.ts";
import type { Stream } from "./stream.ts";
import type { Scope, TimelyStream } from "./types.ts";

export type OperatorLogic<T> = (inputs: readonly OperatorInput<any, T>[], outputs: readonly OperatorOutput<any, T>[]) => void;

export function buildOperator<T>(
  scope: Scope<T>,
  spec: OperatorSpec<T>,
  build: (context: OperatorContext<T>) => OperatorLogic<T>,
): TimelyStream<any, T>[] {
  const within = scope as unknown as ScopeState<T>;
  const { dataflow, coordinates } = within;
  const { name } = spec;
  within.requireBuilding(name);
  for (const { stream } of spec.inputs) within.requireOwn(stream, name);

  const index = dataflow.operators.length;
  const owner = `${name} (operator ${index})`;
  const connected = spec.connected ?? (() => true);
  const inputs: InputQueue[] = [];
  const outputs: OutputChannels[] = [];
  spec.inputs.forEach(({ weight }, i) => {
    const location = dataflow.addLocation(coordinates, `input ${i} of ${owner}`);
    const input = new InputQueue({
      dataflow,
      location,
      operator: index,
      owner,
      weigh: weight,
      outputs,
      connected: (output) => connected(i, output),
    });
    inputs.push(input);
  });
  for (let o = 0; o < spec.outputs; o++) {
    const location = dataflow.addLocation(coordinates, `output ${o} of ${owner}`);
    outputs.push(new OutputChannels({ dataflow, location, coordinates, owner, index: o, inputs }));
  }
  connectInside(within, inputs, outputs, spec.connected);

  const initial = spec.initial === false ? [] : outputs.map((output) => new HeldCapability(output, minimum(coordinates)));
  const context: OperatorContext<T> = {
    index: within.index,
    peers: within.peers,
    initial,
    get activate() {
      dataflow.awaited = true;
      return () => dataflow.activate(index);
    },
    runAgain: () => dataflow.activate(index),
    activateAt: (time) => dataflow.wakeAt(index, time),
    onShutdown: (body) => dataflow.onShutdown(body),
  };
  const operator: OperatorState = {
    index,
    name,
    inputs,
    outputs,
    notify: spec.notify ?? false,
    initial: spec.initial ?? true,
    run() {
      logic(inputs, outputs);
      for (let o = 0; o < outputs.length; o++) outputs[o]!.flush();
    },
  };
  dataflow.operators.push(operator);
  spec.inputs.forEach(({ stream, pact }, i) => {
    const id = dataflow.channels.push(inputs[i]!) - 1;
    const { origin, path } = stream as Stream<any, T>;
    origin.attach({ location: inputs[i]!.location, path, channel: { id, pact, input: inputs[i]! } });
  });
  const logic = build(context);
  if (typeof logic !== "function") throw graphError(`${owner}: build has to return the function that runs the operator`);
  return outputs.map((output) => within.newStream(new PortOrigin(output)));
}

/** Edges from inputs to outputs; through one location in the middle where all are connected and that takes fewer. */
function connectInside(
  scope: ScopeState<any>,
  inputs: readonly InputQueue[],
  outputs: readonly OutputChannels[],
  connected: ((input: number, output: number) => boolean) | undefined,
): void {
  const { graph } = scope.dataflow;
  const identity = identitySummary(scope.coordinates);
  if (connected === undefined && inputs.length * outputs.length > inputs.length + outputs.length) {
    const middle = scope.dataflow.addLocation(scope.coordinates, "inside of an operator");
    for (const input of inputs) graph.addEdge(input.location, middle, identity);
    for (const output of outputs) graph.addEdge(middle, output.location, identity);
    return;
  }
  inputs.forEach((input, i) => {
    outputs.forEach((output, o) => {
      if (connected === undefined || connected(i, o)) graph.addEdge(input.location, output.location, identity);
    });
  });
}
