/** Why a spec can't be followed. What runs goes on as it was until the spec is mended. */
import { specProblems, type ResolvedSpec } from "../api/index.ts";
import type { State } from "./state.ts";

export function problemsOf(state: State, spec: ResolvedSpec): string[] {
  const problems = specProblems(state.dataflow.metadata.name, spec);
  if (state.code !== undefined && "problem" in state.code) problems.push(state.code.problem);
  problems.push(...state.missing, ...templateProblems(spec));
  const { stable } = state.record;
  // Only what was once ready has state that could be lost.
  if (stable?.spec.recovery !== undefined && spec.upgrade.mode !== "Stateless") {
    const before = stable.spec.recovery;
    if (spec.recovery === undefined) {
      problems.push(
        "spec.recovery: was removed, which would lose the flow's state; bring it back, or set spec.upgrade.mode to Stateless to start from nothing",
      );
    } else if (spec.recovery.store !== before.store && spec.restoreFrom?.store === undefined) {
      problems.push(
        `spec.recovery.store: changed from ${before.store}, where the flow's state is; set spec.restoreFrom to a store and epoch to carry it over, or spec.upgrade.mode to Stateless to start from nothing`,
      );
    } else if (spec.recovery.store === before.store && spec.recovery.partitions !== before.partitions) {
      problems.push(
        `spec.recovery.partitions: is ${before.partitions} in the store and can't change; repartition offline into a new store`,
      );
    }
  }
  return problems;
}

function templateProblems(spec: ResolvedSpec): string[] {
  const pod = spec.template?.spec;
  if (pod === undefined) return [];
  if (typeof pod !== "object" || pod === null) return ["spec.template.spec: must be an object"];
  const problems: string[] = [];
  for (const list of ["containers", "initContainers", "volumes"]) {
    const entries = (pod as Record<string, unknown>)[list];
    if (entries === undefined || entries === null) continue;
    if (!Array.isArray(entries)) problems.push(`spec.template.spec.${list}: must be a list`);
    else if (entries.some((entry) => typeof (entry as { name?: unknown } | null)?.name !== "string"))
      problems.push(`spec.template.spec.${list}: each entry needs a name; the workers' container is called worker`);
  }
  return problems;
}
