/** Kinds that the API keeps and nobody here acts upon: each such object is told so in an event, instead of waiting for ever in silence. */
import { resources, type KubernetesObject, type Resource } from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import { named } from "./ownership.ts";

export function startUnsupportedController(context: ControllerContext): Controller {
  const kinds: Resource[] = [resources.daemonSets];
  const told = new Set<string>();
  return runController(context, {
    name: "unsupported-kinds",
    sources: kinds.map((resource) => ({
      resource,
      keys: ({ metadata }: KubernetesObject) => [`${resource.kind}/${metadata.namespace}/${metadata.name}`],
    })),
    reconcile(key) {
      const [kind, namespace, name] = key.split("/") as [string, string, string];
      const resource = kinds.find((one) => one.kind === kind) as Resource;
      const object = context.informer(resource).get(name, namespace);
      const uid = object?.metadata.uid;
      if (object !== undefined && uid !== undefined && !told.has(uid)) {
        told.add(uid);
        context.events.record(
          named(resource, object),
          "Warning",
          "NotSupported",
          `The sandbox has no controller for ${kind}s; it makes no pods of this one`,
        );
      }
      return Promise.resolve();
    },
  });
}
