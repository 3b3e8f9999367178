// A copy of a value without what its schema does not know.

import { clone, type Json } from "../json.ts";
import { prune } from "../schema/prune.ts";
import type { Schema } from "../schema/schema.ts";

export function pruned(schema: Schema, value: Json): Json {
  const copy = clone(value);
  prune(schema, copy);
  return copy;
}
