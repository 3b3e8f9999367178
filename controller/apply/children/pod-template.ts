/**
 * The pods of a run. They meet Pod Security "restricted", have a read-only root, and depend on nothing that a rescale changes
 * (with recovery), so that growing and shrinking never replaces a pod.
 */
import type { V1Container, V1PodTemplateSpec, V1Probe } from "@kubernetes/client-node";
import { annotations, childNames, labels, ports } from "../../api/index.ts";
import { runId, type Run } from "../../decide/index.ts";
import { childLabels } from "../objects.ts";
import { flowDirectory, topologyDirectory, workerEnvironment, type EnvVar } from "./environment.ts";
import { mergeTemplate } from "./template-merge.ts";

export const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
/** The image's user; files in mounted volumes are readable to its group. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  fsGroup: 65532,
  seccompProfile: { type: "RuntimeDefault" },
};

/** A last snapshot must fit in. */
const graceSeconds = 30;

export function podTemplate(name: string, run: Run, processes: number): V1PodTemplateSpec {
  const { revision } = run;
  const base = ownTemplate(name, run, processes);
  const user = revision.spec.template;
  if (user === undefined) return base;
  const merged = mergeTemplate(base as unknown as Record<string, unknown>, user) as unknown as V1PodTemplateSpec;
  return withEssentials(merged, base);
}

function ownTemplate(name: string, run: Run, processes: number): V1PodTemplateSpec {
  const { revision } = run;
  const volumes: NonNullable<NonNullable<V1PodTemplateSpec["spec"]>["volumes"]> = [{ name: "tmp", emptyDir: {} }];
  if (revision.code !== undefined) volumes.push({ name: "flow", configMap: { name: childNames.code(name, revision.code.hash) } });
  if (revision.store !== undefined) volumes.push({ name: "topology", configMap: { name: childNames.topology(name) } });
  return {
    metadata: { labels: childLabels(name), annotations: { [annotations.run]: runId(run), [annotations.specHash]: revision.hash } },
    spec: {
      serviceAccountName: childNames.serviceAccount(name),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: graceSeconds,
      securityContext: podSecurity,
      topologySpreadConstraints: ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { [labels.dataflow]: name } },
      })),
      containers: [worker(name, run, processes)],
      volumes,
    },
  };
}

function worker(name: string, run: Run, processes: number): V1Container {
  const { spec, code, store } = run.revision;
  const mounts = [{ name: "tmp", mountPath: "/tmp" }];
  if (code !== undefined) mounts.push({ name: "flow", mountPath: flowDirectory });
  if (store !== undefined) mounts.push({ name: "topology", mountPath: topologyDirectory });
  const secret = spec.recovery?.credentialsSecret;
  return {
    name: "worker",
    image: spec.image,
    imagePullPolicy: spec.imagePullPolicy,
    args: ["run", code === undefined ? spec.flow.path! : `${flowDirectory}/${code.key}`],
    env: workerEnvironment(name, run, processes),
    ...(secret === undefined ? {} : { envFrom: [{ secretRef: { name: secret } }] }),
    ports: [
      { name: "http", containerPort: ports.http, protocol: "TCP" },
      { name: "mesh", containerPort: ports.mesh, protocol: "TCP" },
    ],
    resources: { requests: { cpu: "100m", memory: "256Mi" } },
    securityContext: containerSecurity,
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: mounts.map((mount) => (mount.name === "tmp" ? mount : { ...mount, readOnly: true })),
    ...probes(),
  };
}

function probes(): Pick<V1Container, "startupProbe" | "livenessProbe" | "readinessProbe"> {
  const get = (path: string): V1Probe => ({ httpGet: { path, port: ports.http, scheme: "HTTP" } });
  return {
    // Loading a large state is not a reason to be killed: /livez answers from the first moment of the process.
    startupProbe: { ...get("/livez"), periodSeconds: 1, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 120 },
    livenessProbe: { ...get("/livez"), periodSeconds: 5, timeoutSeconds: 3, successThreshold: 1, failureThreshold: 6 },
    readinessProbe: { ...get("/readyz"), periodSeconds: 1, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 2 },
  };
}

/** What no template may take away: our labels and annotations, the worker's variables, arguments and ports. */
function withEssentials(merged: V1PodTemplateSpec, base: V1PodTemplateSpec): V1PodTemplateSpec {
  const ours = base.spec!.containers[0]!;
  const containers = merged.spec!.containers.map((container) =>
    container.name === "worker"
      ? {
          ...container,
          args: ours.args!,
          env: essentialEnvironment(container.env as EnvVar[] | undefined, ours.env as EnvVar[]),
          ports: essentialPorts(container.ports, ours.ports),
        }
      : container,
  );
  return {
    ...merged,
    metadata: {
      ...merged.metadata,
      labels: { ...merged.metadata?.labels, ...base.metadata!.labels },
      annotations: { ...merged.metadata?.annotations, ...base.metadata!.annotations },
    },
    spec: { ...merged.spec!, containers },
  };
}

function essentialEnvironment(merged: readonly EnvVar[] | undefined, ours: readonly EnvVar[]): EnvVar[] {
  const names = new Set(ours.map((variable) => variable.name));
  return [...ours, ...(merged ?? []).filter((variable) => !names.has(variable.name))];
}

function essentialPorts(merged: V1Container["ports"], ours: V1Container["ports"]): NonNullable<V1Container["ports"]> {
  const own = new Set(ours!.map((port) => port.containerPort));
  return [...ours!, ...(merged ?? []).filter((port) => !own.has(port.containerPort))];
}
