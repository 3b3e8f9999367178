/** Endpoints and EndpointSlices: the addresses behind each service with a selector. One slice per service holds all its endpoints. */
import { canonicalText } from "./template-hash.ts";
import {
  isAlreadyExists,
  isNotFound,
  keyOf,
  matchesLabels,
  resources,
  targetPort,
  type KubernetesObject,
  type Pod,
  type Service,
} from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import { ownerReference } from "./ownership.ts";
import { isOver, isReady } from "./pods.ts";

interface Address {
  ip: string;
  hostname?: string;
  nodeName?: string;
  targetRef: { kind: "Pod"; namespace: string; name: string; uid: string };
}

interface Target {
  pod: Pod;
  address: Address;
  ready: boolean;
  /** As conditions of a slice's endpoint. */
  conditions: { ready: boolean; serving: boolean; terminating: boolean };
}

interface Port {
  name?: string;
  port: number;
  protocol: string;
  appProtocol?: string;
}

function targets(service: Service, pods: readonly Pod[]): Target[] {
  const { selector, publishNotReadyAddresses = false } = service.spec;
  return pods
    .filter((pod) => matchesLabels(selector, pod.metadata.labels) && pod.status?.podIP !== undefined && !isOver(pod))
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((pod) => {
      const { name, namespace = "default", uid = "" } = pod.metadata;
      const terminating = pod.metadata.deletionTimestamp !== undefined;
      const serving = isReady(pod);
      const ready = publishNotReadyAddresses || (serving && !terminating);
      const address: Address = { ip: pod.status?.podIP as string, targetRef: { kind: "Pod", namespace, name, uid } };
      if (pod.spec.nodeName !== undefined) address.nodeName = pod.spec.nodeName;
      if (pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name) address.hostname = pod.spec.hostname;
      return { pod, address, ready, conditions: { ready, serving, terminating } };
    });
}

/** A named target port is looked up in a pod; pods of one service name their ports alike here. */
function portsOf(service: Service, pod: Pod | undefined): Port[] {
  return (service.spec.ports ?? []).flatMap(({ name, port, targetPort: target, protocol = "TCP", appProtocol }) => {
    const number = pod === undefined ? (typeof target === "number" ? target : port) : targetPort(pod, target, port);
    if (number === undefined) return [];
    return [
      { ...(name === undefined ? {} : { name }), port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) },
    ];
  });
}

const sliceName = (service: string): string => `${service}-endpoints`;

export function startEndpointsController(context: ControllerContext): Controller {
  const { client } = context;
  const services = context.informer<Service>(resources.services);
  const pods = context.informer<Pod>(resources.pods);
  /** What was written last, by the object's path: nothing is written twice. */
  const written = new Map<string, string>();

  const put = async (resource: typeof resources.endpoints, object: KubernetesObject): Promise<void> => {
    const { name, namespace } = object.metadata;
    const key = `${resource.plural}/${namespace}/${name}`;
    const text = canonicalText(object);
    if (written.get(key) === text) return;
    try {
      await client.create(resource, object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const { metadata } = await client.get(resource, name, namespace);
      await client.replace(resource, {
        ...object,
        metadata: { ...object.metadata, resourceVersion: metadata.resourceVersion as string },
      });
    }
    written.set(key, text);
  };

  const reconcile = async (key: string): Promise<void> => {
    const service = services.byKey(key);
    const [namespace, name] = key.split("/") as [string, string];
    if (service === undefined) {
      if (context.informer(resources.endpoints).byKey(key) === undefined) return undefined;
      for (const kind of ["endpoints", "endpointslices"])
        for (const path of written.keys()) if (path.startsWith(`${kind}/${key}`)) written.delete(path);
      // Its slice goes with it by ownership; Endpoints have no owner, as in the real thing.
      return client.delete(resources.endpoints, name, namespace).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    // One that somebody removed is written again.
    for (const [resource, object] of [
      [resources.endpoints, name],
      [resources.endpointSlices, sliceName(name)],
    ] as const) {
      if (context.informer(resource).get(object, namespace) === undefined)
        written.delete(`${resource.plural}/${namespace}/${object}`);
    }
    if (service.spec.selector === undefined || service.metadata.deletionTimestamp !== undefined) return;
    const found = targets(service, pods.list(namespace));
    const ports = portsOf(service, found[0]?.pod);
    const labels = {
      ...service.metadata.labels,
      ...(service.spec.clusterIP === "None" ? { "service.kubernetes.io/headless": "" } : {}),
    };
    const addresses = found.filter(({ ready }) => ready).map(({ address }) => address);
    const notReadyAddresses = found
      .filter(({ ready, conditions }) => !ready && !conditions.terminating)
      .map(({ address }) => address);
    const subset = {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ports,
    };
    await put(resources.endpoints, {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: {
        name,
        namespace,
        labels: {
          ...labels,
          "endpoints.kubernetes.io/managed-by": "endpoint-controller",
        },
      },
      ...(addresses.length + notReadyAddresses.length > 0 ? { subsets: [subset] } : {}),
    } as KubernetesObject);
    await put(resources.endpointSlices, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      addressType: "IPv4",
      ports,
      metadata: {
        name: sliceName(name),
        namespace,
        labels: {
          ...labels,
          "kubernetes.io/service-name": name,
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        },
        ownerReferences: [ownerReference(resources.services, service)],
      },
      endpoints: found.map(({ address: { ip, ...rest }, conditions }) => ({
        addresses: [ip],
        conditions,
        ...rest,
      })),
    } as KubernetesObject);
  };

  return runController(context, {
    name: "endpoint-controller",
    sources: [
      { resource: resources.services, keys: (service: Service) => [`${service.metadata.namespace}/${service.metadata.name}`] },
      {
        resource: resources.pods,
        keys: (pod: Pod) =>
          services
            .list(pod.metadata.namespace)
            .filter(({ spec }) => matchesLabels(spec.selector, pod.metadata.labels))
            .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      },
      { resource: resources.endpoints, keys: (object: KubernetesObject) => [keyOf(object)] },
      {
        resource: resources.endpointSlices,
        keys: ({ metadata }: KubernetesObject) => {
          const service = metadata.labels?.["kubernetes.io/service-name"];
          return service === undefined ? [] : [`${metadata.namespace}/${service}`];
        },
      },
    ],
    reconcile,
    resyncMs: 60_000,
  });
}
