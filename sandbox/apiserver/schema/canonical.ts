// Resource quantities in the form the real server stores: "0.5" and 0.5 become "500m", "1024Mi" becomes "1Gi".

import { canonicalQuantity, parseQuantity } from "../cel/quantity.ts";
import { isObject, type Json } from "../json.ts";
import { childOf, isQuantity, itemsOf, type Schema } from "./schema.ts";

/** Changes the value in place. Returns the first quantity that does not parse. */
export function canonicaliseQuantities(schema: Schema | undefined, value: Json | undefined): string | undefined {
  if (!schema) return undefined;
  if (Array.isArray(value)) {
    for (const item of value) {
      const wrong = canonicaliseQuantities(itemsOf(schema), item);
      if (wrong !== undefined) return wrong;
    }
  } else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      const child = childOf(schema, key);
      if (!child) continue;
      if (!isQuantity(child)) {
        const wrong = canonicaliseQuantities(child, member);
        if (wrong !== undefined) return wrong;
      } else if (typeof member === "string" || typeof member === "number") {
        const quantity = parseQuantity(String(member));
        if (!quantity) return String(member);
        value[key] = canonicalQuantity(quantity);
      }
    }
  }
  return undefined;
}
