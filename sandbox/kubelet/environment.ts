/** A container's environment, in Kubernetes' order: the image's, envFrom, env; later ones win and may use earlier ones as `$(NAME)`. */
import type { ConfigMap, Container, Pod, Secret } from "../client/index.ts";
import { fieldValue, resourceValue, type PodAddresses } from "./downward.ts";

/** What a container refers to does not exist; it waits with this as its reason. */
export class ConfigError extends Error {
  readonly reason = "CreateContainerConfigError";
}

export interface ObjectReader {
  /** undefined: not there. */
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

/** `$(NAME)` becomes the value of a known name, `$$` one dollar; what is not known stays as it is. */
export function expand(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : Object.hasOwn(values, name) ? (values[name] as string) : whole,
  );
}

const decode = (secret: Secret | undefined): Record<string, string> | undefined =>
  secret &&
  Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));

/** Throws ConfigError when a ConfigMap, Secret or key is not there and not optional. */
export async function containerEnvironment(
  pod: Pod,
  container: Container,
  addresses: PodAddresses,
  objects: ObjectReader,
  base: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const namespace = pod.metadata.namespace ?? "default";
  const values: Record<string, string> = { ...base };
  const dataOf = async (kind: "configmap" | "secret", name: string): Promise<Record<string, string> | undefined> => {
    if (kind === "secret") return decode(await objects.secret(namespace, name));
    const found = await objects.configMap(namespace, name);
    return found && (found.data ?? {});
  };

  for (const source of container.envFrom ?? []) {
    const kind = source.configMapRef === undefined ? "secret" : "configmap";
    const reference = source.configMapRef ?? source.secretRef;
    if (reference === undefined) continue;
    const data = await dataOf(kind, reference.name ?? "");
    if (data === undefined && reference.optional !== true) throw new ConfigError(`${kind} "${reference.name}" not found`);
    for (const [key, value] of Object.entries(data ?? {})) values[`${source.prefix ?? ""}${key}`] = value;
  }
  for (const variable of container.env ?? []) {
    const from = variable.valueFrom;
    if (from === undefined) {
      values[variable.name] = expand(variable.value ?? "", values);
      continue;
    }
    if (from.fieldRef !== undefined) values[variable.name] = fieldValue(pod, addresses, from.fieldRef);
    else if (from.resourceFieldRef !== undefined) values[variable.name] = resourceValue(pod, container, from.resourceFieldRef);
    else {
      const kind = from.configMapKeyRef === undefined ? "secret" : "configmap";
      const reference = from.configMapKeyRef ?? from.secretKeyRef;
      if (reference === undefined)
        throw new ConfigError(`environment variable ${variable.name} has a source that is not supported`);
      const data = await dataOf(kind, reference.name ?? "");
      const value = data?.[reference.key];
      if (value !== undefined) values[variable.name] = value;
      else if (reference.optional === true) continue;
      else if (data === undefined) throw new ConfigError(`${kind} "${reference.name}" not found`);
      else
        throw new ConfigError(
          `couldn't find key ${reference.key} in ${kind === "secret" ? "Secret" : "ConfigMap"} ${namespace}/${reference.name}`,
        );
    }
  }
  return values;
}
