/**
 * Reads a kubeconfig into what a client needs: server, trust and one way of authenticating. Plugins (exec, auth-provider) are
 * refused by name: neither the sandbox nor a test's control plane uses them.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

export interface ClusterAccess {
  /** `https://host:port` or `http://host:port`, without a trailing slash. */
  readonly server: string;
  readonly ca?: Buffer | undefined;
  readonly insecure?: boolean | undefined;
  readonly token?: string | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  /** The context's namespace. */
  readonly namespace?: string | undefined;
}

interface Named<T> {
  name: string;
  cluster?: T;
  user?: T;
  context?: T;
}

/** Throws an Error that names the file when it cannot be read, has no current context, or asks for a plugin. */
export function loadKubeconfig(file: string, contextName?: string): ClusterAccess {
  const config = parse(readFileSync(file, "utf8")) as Record<string, any> | null;
  const pick = (list: Named<Record<string, any>>[] | undefined, name: string, of: "cluster" | "user" | "context") => {
    const found = list?.find((entry) => entry.name === name)?.[of];
    if (found === undefined) throw new Error(`${file} has no ${of} named ${JSON.stringify(name)}`);
    return found ?? {};
  };
  const context = pick(config?.["contexts"], contextName ?? config?.["current-context"] ?? "", "context");
  const cluster = pick(config?.["clusters"], context["cluster"], "cluster");
  const user = pick(config?.["users"], context["user"], "user");
  if (user["exec"] !== undefined || user["auth-provider"] !== undefined) {
    throw new Error(
      `${file}: the user ${JSON.stringify(context["user"])} authenticates through a plugin, which is not supported here`,
    );
  }
  const bytes = (entry: Record<string, any>, name: string): Buffer | undefined => {
    if (entry[`${name}-data`] !== undefined) return Buffer.from(entry[`${name}-data`], "base64");
    return entry[name] === undefined ? undefined : readFileSync(resolve(dirname(file), entry[name]));
  };
  return {
    server: String(cluster["server"]).replace(/\/+$/, ""),
    ca: bytes(cluster, "certificate-authority"),
    insecure: cluster["insecure-skip-tls-verify"] === true,
    token:
      user["token"] ??
      (user["tokenFile"] === undefined ? undefined : readFileSync(resolve(dirname(file), user["tokenFile"]), "utf8").trim()),
    cert: bytes(user, "client-certificate"),
    key: bytes(user, "client-key"),
    namespace: context["namespace"],
  };
}
