// ConfigMap and Secret: immutability, keys, and stringData.

import { forbiddenField, invalidValue, required } from "../../errors/field-error.ts";
import type { Cause } from "../../errors/status.ts";
import { deepEqual, isObject, objectAt, type JsonObject, type KubeObject } from "../../json.ts";
import type { Strategy } from "../resource.ts";

function validateKeys(field: string, data: JsonObject): Cause[] {
  return Object.keys(data)
    .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key) || key === "." || key === "..")
    .map((key) =>
      invalidValue(
        `${field}[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

function validateImmutable(object: KubeObject, old: KubeObject, fields: string[]): Cause[] {
  if (old.immutable !== true) return [];
  const causes: Cause[] = [];
  if (object.immutable !== true) causes.push(forbiddenField("immutable", "field is immutable when `immutable` is set"));
  for (const field of fields) {
    if (!deepEqual(object[field], old[field])) causes.push(forbiddenField(field, "field is immutable when `immutable` is set"));
  }
  return causes;
}

const validateConfigMap = (object: KubeObject): Cause[] => [
  ...validateKeys("data", objectAt(object, "data")),
  ...validateKeys("binaryData", objectAt(object, "binaryData")),
];

export const configMapStrategy: Strategy = {
  validate: validateConfigMap,
  validateUpdate: (object, old) => [...validateConfigMap(object), ...validateImmutable(object, old, ["data", "binaryData"])],
};

const needed: Record<string, string[]> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
};

function validateSecret(object: KubeObject): Cause[] {
  const data = objectAt(object, "data");
  const missing = (needed[String(object.type)] ?? []).filter((key) => !(key in data)).map((key) => required(`data[${key}]`));
  const encoded = Object.entries(data)
    .filter(([, value]) => typeof value !== "string" || !/^[A-Za-z0-9+/\r\n]*={0,2}$/.test(value))
    .map(([key]) => invalidValue(`data[${key}]`, "<secret contents redacted>", "illegal base64 data"));
  return [...validateKeys("data", data), ...missing, ...encoded];
}

export const secretStrategy: Strategy = {
  defaults(object) {
    object.type ??= "Opaque";
    if (!isObject(object.stringData)) return;
    const data = { ...objectAt(object, "data") };
    for (const [key, value] of Object.entries(object.stringData)) data[key] = Buffer.from(String(value)).toString("base64");
    object.data = data;
    delete object.stringData;
  },
  validate: validateSecret,
  validateUpdate(object, old) {
    const type = object.type === old.type ? [] : [invalidValue("type", object.type, "field is immutable")];
    return [...type, ...validateSecret(object), ...validateImmutable(object, old, ["data"])];
  },
};
