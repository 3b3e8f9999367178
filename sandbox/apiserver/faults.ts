// Faults that tests ask for: cut watches, expired watches, refusals, slow answers.
// Invariant: without a rule nothing changes; a rule ends after its count of requests or its time, whichever is first.

import { ApiError, conflict, expired, internalError, tooManyRequests } from "./errors/status.ts";
import type { ResourceRequest } from "./http/request-info.ts";

export type FaultKind = "expired" | "too-many-requests" | "conflict" | "internal-error" | "slow" | "drop";

export interface FaultRule {
  kind: FaultKind;
  /** How many requests it meets; without it, all until its time is over. */
  count?: number;
  /** How long it holds. */
  milliseconds?: number;
  /** Delay of a slow answer in milliseconds (default 1000). */
  delay?: number;
  /** Retry-After of a 429 in seconds (default 1). */
  retryAfter?: number;
  /** Only requests with one of these verbs (get, list, watch, create, update, patch, delete, deletecollection). */
  verbs?: string[];
  /** Only this resource, by its plural name. */
  resource?: string;
}

export interface Faults {
  add(rule: FaultRule): void;
  clear(): void;
  /** Rules still in force. */
  active(): FaultRule[];
  /** Ends all running watches; with `expire` they get a 410 first. Returns how many there were. */
  cutWatches(options?: { expire?: boolean }): number;
  /** Forgets the past: a watch from before now gets 410. */
  compact(): void;
}

interface Rule extends FaultRule {
  until: number;
  left: number;
}

export interface FaultGate extends Faults {
  /** Waits or throws as the rules say; "drop" means: close the connection. */
  pass(verb: string, request: ResourceRequest): Promise<"drop" | "go">;
  watches: Set<(expire: boolean) => void>;
}

const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);

export function createFaults(now: () => number, compact: () => void): FaultGate {
  let rules: Rule[] = [];
  const watches = new Set<(expire: boolean) => void>();

  function meets(rule: Rule, verb: string, request: ResourceRequest): boolean {
    if (rule.resource !== undefined && rule.resource !== request.plural) return false;
    if (rule.verbs) return rule.verbs.includes(verb);
    if (rule.kind === "expired") return verb === "watch";
    return rule.kind !== "conflict" || writes.has(verb);
  }

  function raise(rule: Rule, request: ResourceRequest): void {
    const resource = { group: request.group, resource: request.plural };
    if (rule.kind === "expired") throw expired("The resourceVersion for the provided watch is too old.");
    if (rule.kind === "too-many-requests") throw tooManyRequests(rule.retryAfter ?? 1);
    if (rule.kind === "conflict") throw conflict(resource, request.name);
    if (rule.kind === "internal-error") throw internalError("a fault was asked for");
  }

  const prune = (): void => {
    rules = rules.filter((rule) => rule.left > 0 && rule.until > now());
  };

  return {
    watches,
    add(rule) {
      if (!(["expired", "too-many-requests", "conflict", "internal-error", "slow", "drop"] as string[]).includes(rule.kind)) {
        throw new ApiError(400, "BadRequest", `unknown fault ${JSON.stringify(rule.kind)}`);
      }
      rules.push({
        ...rule,
        left: rule.count ?? Infinity,
        until: rule.milliseconds === undefined ? Infinity : now() + rule.milliseconds,
      });
    },
    clear() {
      rules = [];
    },
    active() {
      prune();
      return rules.map(({ until: _u, left, ...rule }) => ({ ...rule, ...(left === Infinity ? {} : { count: left }) }));
    },
    cutWatches({ expire = false } = {}) {
      const running = [...watches];
      for (const cut of running) cut(expire);
      return running.length;
    },
    compact,
    async pass(verb, request) {
      prune();
      for (const rule of rules) {
        if (rule.left <= 0 || !meets(rule, verb, request)) continue;
        rule.left--;
        if (rule.kind === "drop") return "drop";
        if (rule.kind === "slow") await new Promise((resolve) => setTimeout(resolve, rule.delay ?? 1000));
        else raise(rule, request);
      }
      return "go";
    },
  };
}
