// Field errors (k8s.io/apimachinery field.Error): a path, what is wrong with it, and the value at fault, printed as Go prints it.

import type { Cause } from "./status.ts";

function shown(value: unknown): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return JSON.stringify(value);
}

const whole = (field: string): string => (field === "" ? "<nil>" : field);

export function invalidValue(field: string, value: unknown, detail: string): Cause {
  return {
    reason: "FieldValueInvalid",
    message: `Invalid value: ${shown(value)}${detail === "" ? "" : `: ${detail}`}`,
    field: whole(field),
  };
}

export function typeInvalid(field: string, value: unknown, detail: string): Cause {
  return { reason: "FieldValueTypeInvalid", message: `Invalid value: ${shown(value)}: ${detail}`, field: whole(field) };
}

export function required(field: string, detail = ""): Cause {
  return { reason: "FieldValueRequired", message: `Required value${detail === "" ? "" : `: ${detail}`}`, field: whole(field) };
}

export function duplicate(field: string, value: unknown): Cause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}`, field: whole(field) };
}

export function forbiddenField(field: string, detail: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field: whole(field) };
}

export function notSupported(field: string, value: unknown, allowed: readonly string[]): Cause {
  const list = allowed.map((item) => JSON.stringify(item)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${list}`,
    field: whole(field),
  };
}

export function tooLong(field: string, most: number): Cause {
  return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${most} bytes`, field: whole(field) };
}

export function tooMany(field: string, actual: number, most: number): Cause {
  return { reason: "FieldValueTooMany", message: `Too many: ${actual}: must have at most ${most} items`, field: whole(field) };
}
