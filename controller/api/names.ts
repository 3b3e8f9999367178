/**
 * Names, labels and annotations of what the operator makes. Every name follows from the Dataflow's alone, so that a controller
 * that starts anew finds what an earlier one made.
 */
export const labels = {
  dataflow: "weir.dev/dataflow",
  component: "app.kubernetes.io/component",
} as const;

export const annotations = {
  /** Which run a StatefulSet's template, and each pod made from it, belongs to. */
  run: "weir.dev/run",
  specHash: "weir.dev/spec-hash",
} as const;

export const ports = { http: 8080, mesh: 9090 } as const;

export const childNames = {
  statefulSet: (name: string) => name,
  service: (name: string) => name,
  serviceAccount: (name: string) => name,
  disruptionBudget: (name: string) => name,
  networkPolicy: (name: string) => name,
  secret: (name: string) => `${name}-mesh`,
  topology: (name: string) => `${name}-topology`,
  record: (name: string) => `${name}-record`,
  code: (name: string, hash: string) => `${name}-code-${hash.slice(0, 10)}`,
  cleanup: (name: string) => `${name}-delete-state`,
  pod: (name: string, ordinal: number) => `${name}-${ordinal}`,
} as const;

export function selector(name: string): string {
  return `${labels.dataflow}=${name}`;
}

/** The ordinal of a StatefulSet's pod; undefined when the name is another's. */
export function ordinalOf(name: string, pod: string): number | undefined {
  if (!pod.startsWith(`${name}-`)) return undefined;
  const tail = pod.slice(name.length + 1);
  return /^(0|[1-9]\d*)$/.test(tail) ? Number(tail) : undefined;
}
