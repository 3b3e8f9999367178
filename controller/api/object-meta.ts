/** The parts of Kubernetes' object metadata that the controller reads. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** Whether an answer of the API is its `Status` object for a failure. */
export function isFailureStatus(
  value: unknown,
): value is { kind: "Status"; status: "Failure"; reason?: string; message?: string; code?: number } {
  return (
    typeof value === "object" &&
    value !== null &&
    (value as { kind?: unknown }).kind === "Status" &&
    (value as { status?: unknown }).status === "Failure"
  );
}
