/**
 * How the flow layer builds timely operators: every record of their channels is a chunk, weighed by its records, and every
 * operator has an output, so that what nobody consumes still has a frontier that the flow's probe can see.
 */
import { buildOperator } from "../timely/index.ts";
import type {
  Capability,
  ChannelPact,
  OperatorContext,
  OperatorInput,
  OperatorOutput,
  Scope,
  TimelyStream,
} from "../timely/index.ts";
import type { Chunk } from "./chunk.ts";

/** A stream of chunks in some scope: root scopes have numbers as times, loops have pairs. */
export type ChunkStream = TimelyStream<Chunk, any>;
export type ChunkScope = Scope<any>;
export type ChunkPact = ChannelPact<Chunk>;
export type ChunkInput = OperatorInput<Chunk, any>;
export type ChunkOutput = OperatorOutput<Chunk, any>;
export type ChunkCapability = Capability<any>;
export type ChunkContext = OperatorContext<any>;

export interface ChunkInputSpec {
  readonly stream: ChunkStream;
  readonly pact: ChunkPact;
  /** Makes what turns chunks that were coded for the way into chunks again; called once per operator. */
  readonly open?: () => (chunk: Chunk) => Chunk;
}

export interface ChunkOperator {
  readonly name: string;
  readonly inputs: readonly ChunkInputSpec[];
  readonly outputs: number;
  /** Scheduled when frontiers move. */
  readonly notify?: boolean;
  /** Starts with capabilities. */
  readonly initial?: boolean;
  /** Whether what arrives at an input may come out at an output. Default: all do. */
  readonly connected?: (input: number, output: number) => boolean;
}

const weight = (chunk: Chunk) => chunk.values.length;
export const pipelined: ChunkPact = { kind: "pipeline" };

/** `build` is called before the operator's first run and gives what runs. */
export function chunkOperator(
  scope: ChunkScope,
  { name, inputs, outputs, notify = false, initial = false, connected }: ChunkOperator,
  build: (context: ChunkContext, inputs: readonly ChunkInput[], outputs: readonly ChunkOutput[]) => () => void,
): ChunkStream[] {
  const spec = {
    name,
    inputs: inputs.map(({ stream, pact }) => ({ stream, pact, weight })),
    outputs,
    notify,
    initial,
    ...(connected && { connected }),
  };
  return buildOperator<any>(scope, spec, (context) => {
    let run: (() => void) | undefined;
    return (ports, outs) =>
      (run ??= build(
        context,
        ports.map((port, i) => opened(port, inputs[i]!.open?.())),
        outs,
      ))();
  });
}

/** The port, with chunks as the operator is to see them. */
function opened(port: ChunkInput, open: ((chunk: Chunk) => Chunk) | undefined): ChunkInput {
  if (open === undefined) return port;
  return {
    forEach: (body) => port.forEach((capability, batch) => body(capability, batch.map(open))),
    next: (body) => port.next((capability, batch) => body(capability, batch.map(open))),
    waiting: () => port.waiting(),
    frontierTime: () => port.frontierTime(),
    frontier: () => port.frontier(),
  };
}
