/**
 * What the schema and its rules can't say, or could not have said to a spec that was stored before they existed. Each problem is
 * a sentence that names the field and what to do; the controller shows it in `status` and leaves what runs alone.
 */
import type { ResolvedSpec } from "./dataflow.ts";

const moduleEnding = /\.[cm]?[jt]s$/;

export function specProblems(name: string, spec: ResolvedSpec): string[] {
  const problems: string[] = [];
  const { flow, recovery, autoscaling, restoreFrom } = spec;
  if (name.length > 45) problems.push(`metadata.name: must be no longer than 45 characters, is ${name.length}`);
  const given = [flow.inline, flow.configMap, flow.path].filter((source) => source !== undefined).length;
  if (given !== 1) problems.push("spec.flow: give exactly one of inline, configMap and path");
  if (flow.configMap !== undefined && !moduleEnding.test(flow.configMap.key))
    problems.push(`spec.flow.configMap.key: "${flow.configMap.key}" must end in .ts, .mts, .js or .mjs`);
  if (flow.path !== undefined && !moduleEnding.test(flow.path))
    problems.push(`spec.flow.path: "${flow.path}" must end in .ts, .mts, .js or .mjs`);
  if (recovery !== undefined) {
    const problem = storeProblem(recovery.store);
    if (problem !== undefined) problems.push(`spec.recovery.store: ${problem}`);
  }
  if (restoreFrom?.store !== undefined) {
    const problem = storeProblem(restoreFrom.store);
    if (problem !== undefined) problems.push(`spec.restoreFrom.store: ${problem}`);
  }
  if (restoreFrom !== undefined && recovery === undefined)
    problems.push("spec.restoreFrom: needs spec.recovery, there is no store to restore from");
  if (autoscaling?.enabled === true && recovery === undefined)
    problems.push("spec.autoscaling: needs spec.recovery, without a store a rescale would start from nothing");
  if (autoscaling !== undefined && autoscaling.minWorkers > autoscaling.maxWorkers)
    problems.push("spec.autoscaling.minWorkers: must not be more than maxWorkers");
  return problems;
}

function storeProblem(url: string): string | undefined {
  if (/^(file:\/\/\/.+|(s3|azure):\/\/[^/?#]+(\/[^?#]*)?)$/.test(url)) return undefined;
  return `"${url}" must be file:///dir, s3://bucket/prefix or azure://container/prefix`;
}
