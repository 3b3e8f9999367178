/** Which driver each stateful step has, and what stands in front of it. */
import type { Node, StatefulSpec, WindowSpec } from "../graph/node.ts";
import { statefulInLoop } from "../loop/stateful.ts";
import type { Lowering } from "../lowering.ts";
import type { ChunkScope, ChunkStream } from "../operator.ts";
import { windowDriver } from "./window-driver.ts";
import { collectDriver } from "./collect-driver.ts";
import type { DriverOf } from "./driver.ts";
import { countDriver, extreme, extremeDriver, foldDriver, reduceDriver } from "./final-driver.ts";
import { joinDriver } from "./join-driver.ts";
import { batchDriver, itemDriver } from "./logic-driver.ts";
import { statefulFlatMapDriver, statefulMapDriver } from "./map-driver.ts";
import { statefulOperator } from "./operator.ts";
import { preaggregate } from "./preaggregate.ts";

/** Streams of the step's outputs. `gate` is that of the outermost loop around the step; `reads` says whether a step consumes an output. */
export function lowerStateful(
  lowering: Lowering,
  scope: ChunkScope,
  node: Node,
  streams: readonly ChunkStream[],
  gate: ChunkStream | undefined,
  reads: (output: number) => boolean,
): ChunkStream[] {
  const spec = node.spec as StatefulSpec | WindowSpec;
  const metrics = lowering.metrics[node.index]!;
  const reducer = reducerOf(spec);
  // In a loop rounds are short, and gathering would have to end with each of them.
  const combines = gate === undefined && (spec.kind === "countFinal" || (scope.peers > 1 && reducer !== undefined));
  const inputs = combines ? streams.map((stream) => preaggregate(lowering, scope, metrics, reducer, stream)) : streams;
  const driver = driverOf(node, spec, streams.length, combines, reads);
  const step = { metrics, driver, outputs: spec.kind === "window" ? 3 : 1, counted: combines };
  if (gate !== undefined) return statefulInLoop(lowering, scope, step, inputs, gate);
  return statefulOperator(lowering, scope, step, inputs);
}

function driverOf(
  node: Node,
  spec: StatefulSpec | WindowSpec,
  sides: number,
  combined: boolean,
  reads: (output: number) => boolean,
): DriverOf {
  switch (spec.kind) {
    case "stateful":
      return itemDriver(spec.build);
    case "statefulBatch":
      return batchDriver(spec.build);
    case "statefulMap":
      return statefulMapDriver(spec.call);
    case "statefulFlatMap":
      return statefulFlatMapDriver(spec.call);
    case "collect":
      return collectDriver(spec.maxSize, spec.timeoutMs);
    case "countFinal":
      return countDriver(combined);
    case "foldFinal":
      return foldDriver(spec.init, spec.folder);
    case "reduceFinal":
      return reduceDriver(spec.reducer);
    case "maxFinal":
    case "minFinal":
      return extremeDriver(extreme(spec.kind, spec.by));
    case "join":
      return joinDriver(sides, spec.insert, spec.emit);
    case "window":
      return windowDriver(node.step, spec, sides, reads(2));
    default:
      return spec satisfies never;
  }
}

function reducerOf(spec: StatefulSpec | WindowSpec) {
  if (spec.kind === "reduceFinal") return spec.reducer;
  return spec.kind === "maxFinal" || spec.kind === "minFinal" ? extreme(spec.kind, spec.by).reducer : undefined;
}
