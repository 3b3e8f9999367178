/** Writes `status` when it says something new; numbers that move all the time are written only now and then. */
import { hashOf, type Dataflow, type DataflowStatus } from "./api/index.ts";
import { dataflowPath } from "./apply/index.ts";
import { isKubeError, type Clock, type KubeClient } from "./machinery/index.ts";

export interface StatusWriter {
  /** The status as it was last written, or as the API server has it. */
  last(dataflow: Dataflow): DataflowStatus;
  write(dataflow: Dataflow, status: DataflowStatus): Promise<void>;
  forget(uid: string): void;
}

export function createStatusWriter(client: KubeClient, clock: Clock, numbersEveryMs: number): StatusWriter {
  const written = new Map<string, { status: DataflowStatus; at: number }>();
  return {
    last: (dataflow) => written.get(dataflow.metadata.uid)?.status ?? dataflow.status ?? {},
    async write(dataflow, status) {
      const { uid } = dataflow.metadata;
      const now = clock.now();
      const before = written.get(uid);
      const base = before?.status ?? dataflow.status ?? {};
      if (hashOf(base) === hashOf(status)) return;
      if (before !== undefined && now - before.at < numbersEveryMs && hashOf(weighty(base)) === hashOf(weighty(status))) return;
      try {
        await client.request("PATCH", `${dataflowPath(dataflow)}/status`, {
          query: { fieldManager: "weir-controller-status" },
          body: { status: mergePatch(dataflow.status ?? {}, mergePatch(base, status)) },
          contentType: "application/merge-patch+json",
        });
        written.set(uid, { status, at: now });
      } catch (error) {
        if (!isKubeError(error, 404)) throw error;
      }
    },
    forget: (uid) => void written.delete(uid),
  };
}

/** What is worth a write of its own. */
function weighty({ epoch: _epoch, rates: _rates, lastSnapshot: _snapshot, conditions, ...rest }: DataflowStatus): unknown {
  return {
    ...rest,
    conditions: conditions?.map(({ message, ...entry }) => (entry.type === "RecoveryHealthy" ? entry : { ...entry, message })),
  };
}

/** `after`, with null for every field that only `before` has; lists are replaced whole. */
function mergePatch(before: object, after: object): Record<string, unknown> {
  const patch: Record<string, unknown> = { ...after };
  for (const [field, value] of Object.entries(before)) {
    const next = patch[field];
    if (next === undefined) patch[field] = null;
    else if (isObject(value) && isObject(next)) patch[field] = mergePatch(value, next);
  }
  return patch;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
