/**
 * Defaults as the API server would fill them in, from the same schema: for specs that were stored before a default existed, and
 * for specs kept by the controller itself.
 */
import type { DataflowSpec, ResolvedSpec } from "./dataflow.ts";
import { specSchema } from "./schema/spec.ts";

interface SchemaNode {
  default?: unknown;
  properties?: Record<string, SchemaNode>;
}

/** A copy of `value` in which absent fields that have a default are set; objects that are absent and have none stay absent. */
function fill(schema: SchemaNode, value: unknown): unknown {
  const given = value === undefined ? structuredClone(schema.default) : value;
  if (schema.properties === undefined || typeof given !== "object" || given === null) return given;
  const result: Record<string, unknown> = { ...given };
  for (const [name, child] of Object.entries(schema.properties)) {
    const filled = fill(child, result[name]);
    if (filled !== undefined) result[name] = filled;
  }
  return result;
}

export function withDefaults(spec: DataflowSpec, runtimeImage: string): ResolvedSpec {
  const filled = fill(specSchema as SchemaNode, spec) as ResolvedSpec;
  return { ...filled, image: spec.image ?? runtimeImage };
}
