/** What of a spec makes the pods what they are, and so what an upgrade is. */
import { hashOf, type ResolvedSpec } from "../api/index.ts";
import type { DataflowRecord, Revision } from "./record.ts";

/**
 * The number of workers, autoscaling, suspension, upgrade settings, restoring and deletion are followed without new pods; all
 * else is in the hash.
 */
export function revisionOf(spec: ResolvedSpec, code: Revision["code"], record: DataflowRecord, generation: number): Revision {
  const { image, imagePullPolicy, flow, params, threadsPerWorker, epochMilliseconds, recovery, template } = spec;
  const { inline: _text, ...kept } = flow;
  const hash = hashOf({
    image,
    imagePullPolicy,
    flow: kept,
    code,
    params,
    threadsPerWorker,
    epochMilliseconds,
    recovery,
    template,
  });
  const store = storeOf(spec, hash, record, generation);
  return {
    hash,
    spec: { ...spec, flow: kept },
    ...(code === undefined ? {} : { code }),
    ...(store === undefined ? {} : { store }),
  };
}

/**
 * State stays where it is. A stateless upgrade gets a folder of its own in the store, so that it starts from nothing and the
 * state of the spec before is still there to roll back to.
 */
function storeOf(spec: ResolvedSpec, hash: string, record: DataflowRecord, generation: number): string | undefined {
  const base = spec.recovery?.store;
  if (base === undefined) return undefined;
  const before = record.run?.revision;
  if (before === undefined) return base;
  if (before.hash === hash) return before.store;
  if (record.stable?.hash === hash) return record.stable.store;
  if (spec.upgrade.mode === "Stateless") return `${base.replace(/\/+$/, "")}/from-${generation}`;
  return before.spec.recovery?.store === base ? before.store : base;
}
