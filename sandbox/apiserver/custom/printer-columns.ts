// additionalPrinterColumns of a custom kind as table columns (apiextensions' tableconvertor).

import type { Json, JsonObject } from "../json.ts";
import { objectsAt, stringAt } from "../json.ts";
import type { Column } from "../resources/resource.ts";
import { age } from "../table/age.ts";
import { compileJsonPath } from "../table/json-path.ts";

function cellOf(value: Json | undefined, type: string, now: number): Json | undefined {
  if (value === undefined || value === null) return undefined;
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : undefined;
    case "number":
      return typeof value === "number" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "date":
      return typeof value === "string" ? (Number.isNaN(Date.parse(value)) ? "<invalid>" : age(value, now)) : undefined;
    default:
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

export function printerColumns(version: JsonObject): Column[] {
  const declared = objectsAt(version, "additionalPrinterColumns");
  const columns =
    declared.length > 0 ? declared : [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" } as JsonObject];
  return columns.map((column) => {
    const read = compileJsonPath(String(column.jsonPath));
    const type = stringAt(column, "type") ?? "string";
    return {
      name: String(column.name),
      type,
      format: stringAt(column, "format") ?? "",
      description:
        stringAt(column, "description") ??
        (declared.length > 0 ? `Custom resource definition column (in JSONPath format): ${String(column.jsonPath)}` : ""),
      priority: typeof column.priority === "number" ? column.priority : 0,
      cell(object, now) {
        const found = read(object);
        const value =
          found.length > 1 && type === "string"
            ? found.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(",")
            : found[0];
        return cellOf(value, type, now);
      },
    };
  });
}
