/** What `window` gives: waits for the one operation that says what a window is for, then writes the step down. */
import { WeirError } from "../../errors/index.ts";
import type { JoinOptions, Ordered } from "../logic.ts";
import type { WindowMeta, WindowOptions } from "../windows/types.ts";
import type { FlowGraph } from "./flow-graph.ts";
import type { Port, WindowOperation } from "./node.ts";
import { checkFunction, checkOptionalFunction } from "./options.ts";
import type { KeyedStream } from "./stream.ts";

export interface WindowOut<V, W> {
  readonly down: KeyedStream<readonly [windowId: number, value: W]>;
  /** Values whose timestamp is before (not at) their key's watermark, which the value itself has moved first; their window may still be open. */
  readonly late: KeyedStream<readonly [windowId: number, value: V]>;
  readonly meta: KeyedStream<readonly [windowId: number, meta: WindowMeta]>;
}

/** Exactly one of these is called; the step id is the one given to `window`. */
export interface WindowedStream<V> {
  /** `merger` is called when a session joins an earlier one: (state of the earlier window, state of the one that goes). */
  fold<S>(init: () => S, folder: (state: S, value: V) => S, merger: (into: S, from: S) => S): WindowOut<V, S>;
  reduce(reducer: (a: V, b: V) => V): WindowOut<V, V>;
  count(): WindowOut<V, number>;
  collect(): WindowOut<V, V[]>;
  max(by?: (value: V) => Ordered): WindowOut<V, V>;
  min(by?: (value: V) => Ordered): WindowOut<V, V>;
  /** The clock reads the values of every side. Here `emit` is "final" (at the window's close) unless asked otherwise. */
  join<R extends readonly unknown[]>(
    others: { readonly [I in keyof R]: KeyedStream<R[I]> },
    options?: JoinOptions,
  ): WindowOut<V | R[number], readonly [V | null, ...{ [I in keyof R]: R[I] | null }]>;
}

/** What `KeyedStream.window` lends to its windowed stream. */
export interface WindowedBase {
  readonly graph: FlowGraph;
  readonly step: string;
  readonly options: WindowOptions<any>;
  readonly port: Port;
  portsOf(others: unknown): Port[];
  keyed(port: Port): KeyedStream<any>;
  joinOptions(options: JoinOptions): Required<JoinOptions>;
}

export function windowedStream<V>(base: WindowedBase): WindowedStream<V> {
  const { graph, step, options } = base;
  graph.openWindows.add(step);
  const operate = (operation: WindowOperation, others: readonly Port[] = []): WindowOut<any, any> => {
    if (!graph.openWindows.delete(step)) {
      throw new WeirError(
        "WEIR_WINDOW_UNUSED",
        `Window "${step}" already has an operation; give the second one a window step of its own`,
        { step },
      );
    }
    const node = graph.add(step, { kind: "window", options, operation }, [base.port, ...others]);
    return { down: base.keyed({ node, output: 0 }), late: base.keyed({ node, output: 1 }), meta: base.keyed({ node, output: 2 }) };
  };
  return {
    fold(init, folder, merger) {
      checkFunction(step, "init", init);
      checkFunction(step, "folder", folder);
      checkFunction(step, "merger", merger);
      return operate({ kind: "fold", init, folder, merger });
    },
    reduce(reducer) {
      checkFunction(step, "reducer", reducer);
      return operate({ kind: "reduce", reducer });
    },
    count: () => operate({ kind: "count" }),
    collect: () => operate({ kind: "collect" }),
    max(by) {
      checkOptionalFunction(step, "by", by);
      return operate({ kind: "max", by });
    },
    min(by) {
      checkOptionalFunction(step, "by", by);
      return operate({ kind: "min", by });
    },
    join(others, given = {}) {
      const { insert, emit } = base.joinOptions(given);
      return operate({ kind: "join", insert, emit }, base.portsOf(others));
    },
  };
}
