/**
 * The mesh: WebSockets between the processes of a flow. Imports the codec, the fabric's types and errors.
 *
 *   const mesh = await createMesh({ process, flow, token, address, listen: { port } })
 *   await mesh.ready(processes)
 *   const port = mesh.enter(execution, { processes, threads })
 *   threads = 1     const fabric = openMeshFabric(port)          closing the fabric leaves the execution
 *   threads > 1     openBridge(rings, port)                      see ../rings
 */
export type { MeshTls } from "./acceptor.ts";
export { createMesh, type Mesh, type MeshOptions } from "./mesh.ts";
export { openMeshFabric, type MeshFabricOptions } from "./fabric.ts";
export type { MeshTopology } from "./executions.ts";
export type { RemotePort } from "../remote.ts";
