/**
 * From a chain to a function: binds generated code to the user's closures, to counters and to the checks that name a step.
 * Compiled when the first chunk of its form (with or without keys, or lazy) arrives.
 */
import { WeirError } from "../../errors/index.ts";
import type { Chunk } from "../chunk.ts";
import { checkPair, items } from "../chunk.ts";
import { stepError } from "../failure.ts";
import { show } from "../show.ts";
import { generated } from "../generated.ts";
import type { Batch, LazyBatch } from "../lazy-batch.ts";
import { type ChainCode, type ChainForm, generate } from "./generate.ts";
import type { Chain } from "./stage.ts";
import { toArray } from "../iterables.ts";

export interface ChainHost {
  readonly worker: number;
  /** The step whose lazy batches the chain reads: what fails while a record is made is its fault. */
  readonly source?: string | undefined;
  emit(outlet: number, keys: string[] | undefined, values: unknown[]): void;
  fail(error: WeirError): void;
}

export interface CompiledChain {
  run(chunk: Chunk, epoch: number): void;
  runLazy(batch: LazyBatch, epoch: number): void;
}

/** Functions that run a chunk or a lazy batch through the chain. They never throw: what fails goes to `host.fail`, naming the step. */
export function compileChain(chain: Chain, host: ChainHost): CompiledChain {
  const steps = chain.stages.map((stage) => stage.step);
  const fail = (at: number, error: unknown) =>
    host.fail(at < 0 ? stepError(error, host.source!, "WEIR_SOURCE_FAILED") : stepError(error, steps[at]!));
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
  const compile = (form: ChainForm) => generated<ChainCode>(bindings, generate(chain, form));
  const go = (code: ChainCode, keys: string[] | undefined, values: Batch, epoch: number): void => {
    code.begin(values.length);
    if (code.run(keys, values, epoch)) code.end(keys, values);
  };
  let plain: ChainCode | undefined;
  let keyed: ChainCode | undefined;
  let lazy: ChainCode | undefined;

  const head = chain.stages[0]!;
  if (head.spec.kind === "flatMapBatch") {
    const { spec, step, metrics } = head;
    const run = (chunk: Chunk, epoch: number): void => {
      let values: unknown[];
      try {
        metrics.recordsIn += chunk.values.length;
        values = toArray(spec.call(items(chunk)), step);
      } catch (error) {
        fail(0, error);
        return;
      }
      if (values.length > 0) go((plain ??= compile("plain")), undefined, values, epoch);
    };
    return {
      run,
      runLazy(batch, epoch) {
        let values: unknown[];
        try {
          values = batch.toArray();
        } catch (error) {
          fail(-1, error);
          return;
        }
        run({ keys: undefined, values }, epoch);
      },
    };
  }
  return {
    run({ keys, values }, epoch) {
      if (keys === undefined) go((plain ??= compile("plain")), undefined, values, epoch);
      else go((keyed ??= compile("keyed")), keys, values, epoch);
    },
    runLazy(batch, epoch) {
      go((lazy ??= compile("lazy")), undefined, batch, epoch);
    },
  };
}
