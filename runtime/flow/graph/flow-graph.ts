/**
 * The graph of one flow while it is written down. Everything that can be wrong with a step is refused when it is added, so
 * that the user's stack points at the line; what can only be known at the end is `checkComplete`.
 */
import { WeirError } from "../../errors/index.ts";
import type { Node, Port, Spec } from "./node.ts";

export class FlowGraph {
  readonly id: string;
  readonly nodes: Node[] = [];
  /** Windowed streams on which no operation was called yet, by step id. */
  readonly openWindows = new Set<string>();
  readonly #steps = new Set<string>();
  /** The loop whose body is being written down. */
  loop: Node | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Takes a step's id. Throws WEIR_STEP_ID or WEIR_STEP_DUPLICATE. */
  claim(step: unknown): string {
    if (typeof step !== "string" || step === "") {
      throw new WeirError(
        "WEIR_STEP_ID",
        `A step of flow "${this.id}" has no id: the first argument of each step is a non-empty string`,
      );
    }
    if (step.includes(".")) {
      throw new WeirError("WEIR_STEP_ID", `Step id "${step}" in flow "${this.id}" contains a dot; dots separate flow and step`, {
        step,
      });
    }
    if (this.#steps.has(step)) {
      throw new WeirError("WEIR_STEP_DUPLICATE", `Step id "${step}" is used twice in flow "${this.id}"`, { step });
    }
    this.#steps.add(step);
    return step;
  }

  /** Adds the node of a claimed step. Throws WEIR_FLOW_FOREIGN_STREAM for a stream that is not in scope here. */
  add(step: string, spec: Spec, upstream: readonly Port[]): Node {
    for (const port of upstream) this.checkScope(port, step);
    if (this.loop !== undefined && (spec.kind === "input" || spec.kind === "output")) {
      throw new WeirError(
        "WEIR_FLOW_OPTION",
        `Step "${step}" (${spec.kind}) cannot be inside the body of iterate "${this.loop.step}": inputs and outputs stay outside, and their streams may be used in it`,
        { step },
      );
    }
    const node: Node = { index: this.nodes.length, step, upstream, loop: this.loop, spec };
    this.nodes.push(node);
    return node;
  }

  checkScope(port: Port, step: string): void {
    const scope = scopeOf(port);
    for (let at = this.loop; at !== scope; at = at.loop) {
      if (at === undefined) {
        throw new WeirError(
          "WEIR_FLOW_FOREIGN_STREAM",
          `Step "${step}" uses stream "${port.node.step}" outside of the loop "${scope!.step}" that it belongs to; hand it out as \`out\``,
          { step },
        );
      }
    }
  }

  /** What can only be known when the flow is complete. Throws WEIR_FLOW_NO_INPUT, WEIR_FLOW_NO_OUTPUT, WEIR_WINDOW_UNUSED. */
  checkComplete(): void {
    const has = (...kinds: Spec["kind"][]) => this.nodes.some((node) => kinds.includes(node.spec.kind));
    if (!has("input")) throw new WeirError("WEIR_FLOW_NO_INPUT", `Flow "${this.id}" has no input`);
    for (const step of this.openWindows) {
      throw new WeirError("WEIR_WINDOW_UNUSED", `Window "${step}" in flow "${this.id}" has no operation`, { step });
    }
    if (!has("output", "inspect", "inspectDebug", "raises")) {
      throw new WeirError("WEIR_FLOW_NO_OUTPUT", `Flow "${this.id}" has no output`);
    }
  }
}

/** The loop in whose body a stream lives: a loop's own variable is inside of it. */
export function scopeOf(port: Port): Node | undefined {
  return port.node.spec.kind === "iterate" && port.output === 0 ? port.node : port.node.loop;
}
