/** A pod's quality-of-service class, by the rules of the real kubelet. */
import type { Pod } from "../client/index.ts";
import { parseQuantity } from "./quantity.ts";

export function qosClass(pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" {
  let any = false;
  let guaranteed = true;
  for (const { resources } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    for (const name of ["cpu", "memory"]) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name] ?? limit;
      if (limit !== undefined || request !== undefined) any = true;
      if (limit === undefined || request === undefined || parseQuantity(limit) !== parseQuantity(request)) guaranteed = false;
    }
  }
  return any ? (guaranteed ? "Guaranteed" : "Burstable") : "BestEffort";
}
