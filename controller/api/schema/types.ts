/** Schema building blocks that structural schemas allow and typebox alone does not produce in the form they ask for. */
import { Type } from "typebox";

/** Enumerated strings; structural schemas want `type` beside `enum`. */
export function oneOf<const T extends readonly string[]>(values: T, options: { description: string; default?: T[number] }) {
  return Type.Unsafe<T[number]>({ type: "string", enum: [...values], ...options });
}

export function int32(options: { description: string; minimum?: number; maximum?: number; default?: number }) {
  return Type.Integer({ format: "int32", ...options });
}

export function int64(options: { description: string; minimum?: number; maximum?: number; default?: number }) {
  return Type.Integer({ format: "int64", ...options });
}

export function stringMap(options: { description: string; maxProperties: number; maxLength: number }) {
  return Type.Unsafe<Record<string, string>>({
    type: "object",
    description: options.description,
    maxProperties: options.maxProperties,
    additionalProperties: { type: "string", maxLength: options.maxLength },
  });
}

export function timestamp(description: string) {
  return Type.String({ format: "date-time", description });
}
