/** Who pods are (nobody, to the API), and with which token they recognise each other. */
import { childNames, type Dataflow } from "../../api/index.ts";
import { childMetadata, type ChildObject } from "../objects.ts";

export function serviceAccount(dataflow: Dataflow): ChildObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: childMetadata(dataflow, childNames.serviceAccount(dataflow.metadata.name)),
    automountServiceAccountToken: false,
  };
}

/** Created once and never replaced: a new token would part running pods from new ones. */
export function meshSecret(dataflow: Dataflow, token: string): ChildObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: childMetadata(dataflow, childNames.secret(dataflow.metadata.name)),
    type: "Opaque",
    data: { token: Buffer.from(token).toString("base64") },
  };
}
