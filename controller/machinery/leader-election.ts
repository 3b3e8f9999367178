/**
 * One leader at a time, by a Lease: 15 s long, renewed every 2 s, given up when it could not be renewed for 10 s. Whoever
 * loses it must stop at once, as another may already be at work; whoever leaves in good order releases it.
 */
import { sleep, type Clock } from "./clock.ts";
import { isKubeError, type KubeClient } from "./kube-client.ts";

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
  readonly onTrouble?: (error: unknown) => void;
}

interface Lease {
  metadata: { name: string; namespace: string; resourceVersion?: string };
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export interface LeaderElection {
  /** Resolves once this process leads; false when `signal` was aborted before. */
  acquire(signal: AbortSignal): Promise<boolean>;
  /** Renews until `signal` is aborted, then releases ("released"); "lost" when it could not be renewed in time. */
  hold(signal: AbortSignal): Promise<"released" | "lost">;
}

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, clock, namespace, name, identity } = options;
  const leaseMs = options.leaseMs ?? 15_000;
  const renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
  const retryMs = options.retryMs ?? 2000;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const path = `${collection}/${name}`;
  // Other machines' clocks are not trusted: a lease runs from when this process saw it change.
  let seen: { version: string; at: number } | undefined;

  const micro = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z");
  const read = async (signal: AbortSignal): Promise<Lease | undefined> => {
    try {
      return await client.request<Lease>("GET", path, { signal });
    } catch (error) {
      if (isKubeError(error, 404)) return undefined;
      throw error;
    }
  };
  const write = async (lease: Lease | undefined, spec: Lease["spec"], signal: AbortSignal): Promise<Lease> => {
    const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: lease?.metadata ?? { name, namespace }, spec };
    return lease === undefined
      ? client.request<Lease>("POST", collection, { body, signal })
      : client.request<Lease>("PUT", path, { body, signal });
  };

  /** True when the lease is ours after this attempt. Concurrent writers are told apart by the API server's 409. */
  const attempt = async (signal: AbortSignal): Promise<boolean> => {
    const lease = await read(signal);
    const now = clock.now();
    const held = lease?.spec.holderIdentity !== undefined && lease.spec.holderIdentity !== "";
    if (lease !== undefined && held && lease.spec.holderIdentity !== identity) {
      const version = lease.metadata.resourceVersion ?? "";
      if (seen === undefined || seen.version !== version) seen = { version, at: now };
      const duration = (lease.spec.leaseDurationSeconds ?? leaseMs / 1000) * 1000;
      if (now - seen.at < duration) return false;
    }
    const mine = lease?.spec.holderIdentity === identity;
    await write(
      lease,
      {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseMs / 1000),
        acquireTime: mine ? (lease.spec.acquireTime ?? micro(now)) : micro(now),
        renewTime: micro(now),
        leaseTransitions: (lease?.spec.leaseTransitions ?? 0) + (lease === undefined || mine ? 0 : 1),
      },
      signal,
    );
    return true;
  };
  /** An attempt ends in time even when the API server does not answer. */
  const within = async <T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    const deadline = new AbortController();
    const cancel = clock.after(ms, () => deadline.abort());
    try {
      return await work(deadline.signal);
    } catch (error) {
      if (!isKubeError(error, 409)) options.onTrouble?.(error);
      return undefined;
    } finally {
      cancel();
    }
  };

  return {
    async acquire(signal) {
      while (!signal.aborted) {
        if (await within(renewDeadlineMs, attempt)) return true;
        await sleep(clock, retryMs, signal);
      }
      return false;
    },
    async hold(signal) {
      let renewedAt = clock.now();
      while (!signal.aborted) {
        await sleep(clock, retryMs, signal);
        if (signal.aborted) break;
        const began = clock.now();
        const left = Math.max(1, renewedAt + renewDeadlineMs - began);
        if (await within(left, attempt)) renewedAt = began;
        else if (clock.now() - renewedAt >= renewDeadlineMs) return "lost";
      }
      // If this fails, the lease runs out by itself.
      await within(retryMs, async (patience) => {
        const lease = await read(patience);
        if (lease?.spec.holderIdentity !== identity) return;
        await write(lease, { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: micro(clock.now()) }, patience);
      });
      return "released";
    },
  };
}
