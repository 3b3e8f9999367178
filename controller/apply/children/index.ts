/** One builder for each kind of object that a Dataflow owns: plain data in, plain data out. May import api and decide's types. */
export { meshSecret, serviceAccount } from "./access.ts";
export { cleanupPod } from "./cleanup.ts";
export { codeConfigMap, topologyConfigMap } from "./config-maps.ts";
export { podTemplate } from "./pod-template.ts";
export { disruptionBudget, networkPolicy } from "./policies.ts";
export { service } from "./service.ts";
export { statefulSet } from "./statefulset.ts";
