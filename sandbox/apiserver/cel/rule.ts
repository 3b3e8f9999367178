// One CEL rule of a schema, compiled. Invariant: a rule that compiles can be evaluated on any value of its schema; what goes
// wrong then is an error of the rule, told apart from its being false.

import { Environment, Optional, type ASTNode } from "@marcbachmann/cel-js";
import { resolve, type Schema, type ValidationRule } from "../schema/schema.ts";
import { addKubernetesFunctions } from "./library.ts";
import { escapedName } from "./values.ts";

const options = { enableOptionalTypes: true, homogeneousAggregateLiterals: false };
const make = (oldType: string): Environment =>
  addKubernetesFunctions(new Environment(options)).registerVariable("self", "dyn").registerVariable("oldSelf", oldType);
let plain: Environment | undefined;
let optional: Environment | undefined;

export interface Rule {
  source: ValidationRule;
  /** Compares with the old value, so that it holds for updates only. */
  transition: boolean;
  /** Throws an Error when the rule cannot be evaluated. */
  holds(self: unknown, old: unknown): boolean;
  /** The message of a broken rule, or undefined when its expression gives none. */
  message(self: unknown, old: unknown): string | undefined;
}

/** Calls `visit` for a node and all below it. */
function each(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  const below = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) below(item);
    else if (typeof value === "object" && value !== null && "op" in value) each(value as ASTNode, visit);
  };
  below(node.args);
}

/** The schema that a chain of selections from `self` leads to; undefined where nothing is declared. */
function selected(node: ASTNode, schema: Schema): Schema | undefined {
  if (node.op === "id") return node.args === "self" || node.args === "oldSelf" ? schema : undefined;
  if (node.op !== "." && node.op !== ".?") return undefined;
  const [target, name] = node.args as [ASTNode, string];
  const parent = selected(target, schema);
  if (!parent?.properties) return undefined;
  const key = Object.keys(parent.properties).find((property) => escapedName(property) === name);
  if (key !== undefined) return resolve(parent.properties[key]!);
  throw new Error(`ERROR: <input>:1:${node.pos + 1}: undefined field '${name}'`);
}

function compile(environment: Environment, text: string, schema: Schema, expected: "bool" | "string") {
  const program = environment.parse(text);
  each(program.ast, (node) => void selected(node, schema));
  const checked = program.check();
  if (!checked.valid) throw new Error(`ERROR: <input>:1:1: ${checked.error!.message.split("\n")[0]!}`);
  if (checked.type !== expected && checked.type !== "dyn" && !checked.type?.startsWith("dyn<")) {
    throw new Error(`cel expression must evaluate to a ${expected}`);
  }
  return program;
}

/** @throws Error with the compiler's words. */
export function compileRule(source: ValidationRule, schema: Schema): Rule {
  const environment = source.optionalOldSelf === true ? (optional ??= make("optional<dyn>")) : (plain ??= make("dyn"));
  const program = compile(environment, source.rule, schema, "bool");
  const messages =
    source.messageExpression === undefined ? undefined : compile(environment, source.messageExpression, schema, "string");
  let transition = false;
  each(program.ast, (node) => {
    if (node.op === "id" && node.args === "oldSelf") transition = true;
  });
  const inputs = (self: unknown, old: unknown) => ({
    self,
    oldSelf: source.optionalOldSelf === true ? (old === undefined ? Optional.none() : Optional.of(old)) : old,
  });
  return {
    source,
    transition,
    holds: (self, old) => program(inputs(self, old)) === true,
    message(self, old) {
      if (!messages) return undefined;
      try {
        const made: unknown = messages(inputs(self, old));
        return typeof made === "string" && made.trim() !== "" && !made.includes("\n") ? made.trim() : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
