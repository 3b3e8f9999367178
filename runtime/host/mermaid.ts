import type { StepDescription } from "../flow/index.ts";

/** A flow as a Mermaid flowchart: inputs and outputs rounded, steps with state doubled. */
export function drawMermaid(flowId: string, steps: readonly StepDescription[]): string {
  const names = new Map(steps.map(({ step }, index) => [step, `s${index}`]));
  const label = (step: StepDescription): string => `"${escape(step.step)}<br/>${escape(step.kind)}"`;
  const lines = ["---", `title: ${flowId}`, "---", "flowchart LR"];
  for (const step of steps) {
    const [open, close] =
      step.kind === "input" || step.kind === "output" ? ["([", "])"] : step.stateful ? ["[[", "]]"] : ["[", "]"];
    lines.push(`  ${names.get(step.step)}${open}${label(step)}${close}`);
  }
  for (const step of steps)
    for (const upstream of step.upstream) lines.push(`  ${names.get(upstream)} --> ${names.get(step.step)}`);
  return `${lines.join("\n")}\n`;
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
