import { loadFlow } from "../runtime/host/load-flow.ts";
import { readSettings } from "../runtime/host/settings.ts";
import { describe } from "../runtime/flow/index.ts";
import { WeirError } from "../runtime/errors/index.ts";
import { drawMermaid } from "../runtime/host/mermaid.ts";

/** `weir graph`: a flow as a Mermaid flowchart or as JSON. */
export async function graph(module: string, flags: { format: string; param?: string[] }): Promise<void> {
  if (flags.format !== "mermaid" && flags.format !== "json")
    throw new WeirError("WEIR_USAGE", `--format: "${flags.format}" is neither mermaid nor json`);
  const { params } = readSettings(module, { param: flags.param ?? [] }, { WEIR_PARAMS: process.env.WEIR_PARAMS });
  const flow = await loadFlow(module, { params });
  const { steps } = describe(flow);
  process.stdout.write(
    flags.format === "json" ? `${JSON.stringify({ flow: flow.id, steps }, null, 2)}\n` : drawMermaid(flow.id, steps),
  );
}
