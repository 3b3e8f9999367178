// Several processes' meshes within one test process, over loopback.
import { createMesh, type Mesh, type MeshOptions } from "../../../../runtime/timely/communication/websocket/index.ts";

export interface Processes {
  readonly meshes: Mesh[];
  /** What process `to` is dialled at by process `from`; a test may put a proxy in between. */
  via(from: number, to: number, port: number): void;
  start(process: number, options?: Partial<MeshOptions>): Promise<Mesh>;
  close(): Promise<void>;
}

export function createProcesses(defaults: Partial<MeshOptions> = {}): Processes {
  const ports: number[] = [];
  const detours = new Map<string, number>();
  const all: Mesh[] = [];
  const meshes: Mesh[] = [];
  return {
    meshes,
    via: (from, to, port) => void detours.set(`${from} ${to}`, port),
    async start(process, options = {}) {
      const mesh = await createMesh({
        process,
        flow: "flow",
        token: "secret",
        address: (other) => `127.0.0.1:${detours.get(`${process} ${other}`) ?? ports[other] ?? 1}`,
        listen: { port: 0, host: "127.0.0.1" },
        ...defaults,
        ...options,
      });
      ports[process] = mesh.port!;
      meshes[process] = mesh;
      all.push(mesh);
      return mesh;
    },
    async close() {
      await Promise.all(all.map((mesh) => mesh.close()));
    },
  };
}

export async function startAll(count: number, defaults: Partial<MeshOptions> = {}): Promise<Processes> {
  const processes = createProcesses(defaults);
  for (let process = 0; process < count; process++) await processes.start(process);
  await Promise.all(processes.meshes.map((mesh) => mesh.ready(count)));
  return processes;
}
