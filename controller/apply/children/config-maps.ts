/** The flow's code, named by its content so that pods of an older run never see newer code, and the number of processes. */
import { childNames, type Dataflow } from "../../api/index.ts";
import { childMetadata, type ChildObject } from "../objects.ts";

export function codeConfigMap(
  dataflow: Dataflow,
  code: { readonly hash: string; readonly key: string; readonly text: string },
): ChildObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: childMetadata(dataflow, childNames.code(dataflow.metadata.name, code.hash)),
    immutable: true,
    data: { [code.key]: code.text },
  };
}

/** Read by the processes of a store that is still empty; afterwards the store's manifest is the truth. */
export function topologyConfigMap(dataflow: Dataflow, processes: number): ChildObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: childMetadata(dataflow, childNames.topology(dataflow.metadata.name)),
    data: { processes: String(processes) },
  };
}
