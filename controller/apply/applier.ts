/**
 * Makes children what they should be, by server-side apply with force. What was applied and not changed by anybody since is not
 * sent again; everything is sent again from time to time, in case a change was missed.
 */
import { randomBytes } from "node:crypto";
import { childNames, hashOf, type Dataflow } from "../api/index.ts";
import { isKubeError, type Clock, type KubeClient } from "../machinery/index.ts";
import type { Run } from "../decide/index.ts";
import {
  codeConfigMap,
  disruptionBudget,
  meshSecret,
  networkPolicy,
  service,
  serviceAccount,
  statefulSet,
  topologyConfigMap,
} from "./children/index.ts";
import type { ChildObject } from "./objects.ts";
import { collectionPath, objectPath } from "./paths.ts";

export const fieldManager = "weir-controller";

export interface WantedRun {
  readonly run: Run;
  readonly replicas: number;
  readonly processes: number;
  /** Of the run, when it is the one that the spec asks for now; older code is in its ConfigMap already. */
  readonly code: { readonly hash: string; readonly key: string; readonly text: string } | undefined;
}

export interface Applier {
  applyRun(dataflow: Dataflow, wanted: WantedRun): Promise<void>;
  /** Throws when the API server would refuse the StatefulSet of this run. Changes nothing. */
  check(dataflow: Dataflow, wanted: WantedRun): Promise<void>;
  /** The mesh token; undefined while there is no Secret. */
  token(dataflow: Dataflow): Promise<string | undefined>;
  /** Somebody else touched or removed a child: it is to be applied again. */
  touched(namespace: string, name: string): void;
  forget(namespace: string, name: string): void;
}

export interface ApplierOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly networkPolicy: boolean;
  readonly resyncMs: number;
}

interface Applied {
  readonly hashes: Map<string, string>;
  at: number;
}

export function createApplier({ client, clock, networkPolicy: withPolicy, resyncMs }: ApplierOptions): Applier {
  const applied = new Map<string, Applied>();
  const tokens = new Map<string, string>();
  const keyOf = (dataflow: Dataflow) => `${dataflow.metadata.namespace}/${dataflow.metadata.name}`;

  const ensureSecret = async (dataflow: Dataflow): Promise<void> => {
    const secret = meshSecret(dataflow, randomBytes(32).toString("base64url"));
    try {
      await client.request("GET", objectPath(secret));
    } catch (error) {
      if (!isKubeError(error, 404)) throw error;
      tokens.delete(dataflow.metadata.uid);
      try {
        await client.request("POST", collectionPath(secret), { body: secret, query: { fieldManager } });
      } catch (raced) {
        if (!isKubeError(raced, 409)) throw raced;
      }
    }
  };

  return {
    async applyRun(dataflow, wanted) {
      const key = keyOf(dataflow);
      const now = clock.now();
      let state = applied.get(key);
      if (state === undefined || now - state.at > resyncMs) {
        state = { hashes: new Map(), at: now };
        applied.set(key, state);
        await ensureSecret(dataflow);
      }
      for (const child of childrenOf(dataflow, wanted, withPolicy)) {
        const path = objectPath(child);
        const hash = hashOf(child);
        if (state.hashes.get(path) === hash) continue;
        await client.apply(path, child, fieldManager);
        state.hashes.set(path, hash);
      }
    },
    async check(dataflow, { run, replicas, processes }) {
      const wanted = statefulSet(dataflow, run, replicas, processes);
      await client.request("PATCH", objectPath(wanted), {
        query: { fieldManager, force: true, dryRun: "All" },
        body: wanted,
        contentType: "application/apply-patch+yaml",
      });
    },
    async token(dataflow) {
      const { uid, namespace, name } = dataflow.metadata;
      const known = tokens.get(uid);
      if (known !== undefined) return known;
      try {
        const secret = await client.request<{ data?: { token?: string } }>(
          "GET",
          `/api/v1/namespaces/${namespace}/secrets/${childNames.secret(name)}`,
        );
        const token = secret.data?.token === undefined ? undefined : Buffer.from(secret.data.token, "base64").toString();
        if (token !== undefined) tokens.set(uid, token);
        return token;
      } catch (error) {
        if (isKubeError(error, 404)) return undefined;
        throw error;
      }
    },
    touched: (namespace, name) => void applied.delete(`${namespace}/${name}`),
    forget: (namespace, name) => void applied.delete(`${namespace}/${name}`),
  };
}

/** In the order in which pods need them; the StatefulSet comes last. */
export function childrenOf(dataflow: Dataflow, wanted: WantedRun, withPolicy: boolean): ChildObject[] {
  const { run, replicas, processes, code } = wanted;
  return [
    serviceAccount(dataflow),
    ...(code !== undefined && code.hash === run.revision.code?.hash ? [codeConfigMap(dataflow, code)] : []),
    ...(run.revision.store === undefined ? [] : [topologyConfigMap(dataflow, processes)]),
    service(dataflow),
    disruptionBudget(dataflow),
    ...(withPolicy ? [networkPolicy(dataflow)] : []),
    statefulSet(dataflow, run, replicas, processes),
  ];
}
