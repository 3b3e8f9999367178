// A Kubernetes API server in one Node process, for laptops and tests: discovery, OpenAPI, CRUD, watch, all patch types,
// server-side apply, custom resources with CEL, finalizers and garbage collection, tables, logs, and faults on request.
// It imports nothing of this repository outside its own folder; clients use the Kubernetes API and no back door.

export { startApiServer, type ApiServer, type ApiServerOptions } from "./server.ts";
export type { FaultKind, FaultRule, Faults } from "./faults.ts";
