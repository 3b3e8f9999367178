/**
 * From a chain to a function: binds generated code to the user's closures, to counters and to the checks that name a step.
 * Compiled when the first chunk of its form (with or without keys) arrives.
 */
import { WeirError } from "../../errors/index.ts";
import type { Chunk } from "../chunk.ts";
import { checkPair, items } from "../chunk.ts";
import { stepError } from "../failure.ts";
import { show } from "../show.ts";
import { generated } from "../generated.ts";
import { generate } from "./generate.ts";
import type { Chain } from "./stage.ts";
import { toArray } from "../iterables.ts";

export interface ChainHost {
  readonly worker: number;
  emit(outlet: number, keys: string[] | undefined, values: unknown[]): void;
  fail(error: WeirError): void;
}

type Run = (keys: string[] | undefined, values: unknown[], epoch: number) => void;

/** A function that runs one chunk through the chain. It never throws: what fails goes to `host.fail`, naming the step. */
export function compileChain(chain: Chain, host: ChainHost): (chunk: Chunk, epoch: number) => void {
  const steps = chain.stages.map((stage) => stage.step);
  const fail = (at: number, error: unknown) => host.fail(stepError(error, steps[at]!));
  const bindings = {
    calls: chain.stages.map(({ spec }) => ("call" in spec ? spec.call : undefined)),
    steps,
    metrics: chain.stages.map((stage) => stage.metrics),
    worker: host.worker,
    emit: (outlet: number, keys: string[] | undefined, values: unknown[]) => host.emit(outlet, keys, values),
    fail,
    list: (at: number, value: unknown) => toArray(value, steps[at]!),
    checkPair: (item: unknown, at: number) => checkPair(item, steps[at]!),
    notBoolean(at: number, value: unknown) {
      throw new WeirError(
        "WEIR_PREDICATE_NOT_BOOLEAN",
        `The predicate of step "${steps[at]}" must return true or false, and returned ${show(value)}`,
        {
          step: steps[at],
        },
      );
    },
    notString(at: number, key: unknown, item: unknown) {
      const message = `The key of step "${steps[at]}" must be a string, and is ${show(key)} for ${show(item)}`;
      throw new WeirError("WEIR_KEY_NOT_STRING", message, { step: steps[at] });
    },
    raised(at: number, item: unknown) {
      throw new WeirError("WEIR_RAISED", `An item reached step "${steps[at]}", which allows none: ${show(item)}`, {
        step: steps[at],
      });
    },
  };
  const compile = (keyed: boolean) => generated<Run>(bindings, generate(chain, keyed));
  let plain: Run | undefined;
  let withKeys: Run | undefined;

  const head = chain.stages[0]!;
  if (head.spec.kind === "flatMapBatch") {
    const { spec, step, metrics } = head;
    return (chunk, epoch) => {
      let values: unknown[];
      try {
        metrics.recordsIn += chunk.values.length;
        values = toArray(spec.call(items(chunk)), step);
      } catch (error) {
        fail(0, error);
        return;
      }
      if (values.length > 0) (plain ??= compile(false))(undefined, values, epoch);
    };
  }
  return ({ keys, values }, epoch) => {
    if (keys === undefined) (plain ??= compile(false))(undefined, values, epoch);
    else (withKeys ??= compile(true))(keys, values, epoch);
  };
}
