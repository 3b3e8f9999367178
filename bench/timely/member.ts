/** One worker of a program of timely dataflow that is measured: a thread over rings, a process over the mesh, or alone. */
import { parentPort, workerData, isMainThread } from "node:worker_threads";
import type { Fabric } from "../../runtime/timely/communication/fabric.ts";
import { openRings, type RingSetup } from "../../runtime/timely/communication/rings/index.ts";
import { createMesh, openMeshFabric } from "../../runtime/timely/communication/websocket/index.ts";
import { programs, type Outcome } from "./programs.ts";
import { createStepper } from "./stepper.ts";

export interface MemberPlan {
  readonly program: keyof typeof programs;
  readonly size: number;
  readonly rounds: number;
}
export type ThreadPlan = MemberPlan & { readonly rings: RingSetup; readonly thread: number };

export async function runProgram(fabric: Fabric, plan: MemberPlan): Promise<Outcome> {
  return programs[plan.program](createStepper(fabric), plan.size, plan.rounds);
}

/** Arguments: plan as JSON, place among the processes, ports. */
async function asProcess([json, place, ...ports]: string[]): Promise<void> {
  const mesh = await createMesh({
    process: Number(place),
    flow: "bench",
    token: "bench",
    address: (other) => `127.0.0.1:${ports[other]}`,
    listen: { port: Number(ports[Number(place)]), host: "127.0.0.1" },
  });
  await mesh.ready(ports.length);
  const outcome = await runProgram(
    openMeshFabric(mesh.enter(1, { processes: ports.length, threads: 1 })),
    JSON.parse(json!) as MemberPlan,
  );
  process.send!(outcome);
  // The others may still read what this one sent last.
  await new Promise((resolve) => process.once("message", resolve));
  await mesh.close();
  process.disconnect();
}

if (!isMainThread && (workerData as ThreadPlan | undefined)?.rings !== undefined) {
  const plan = workerData as ThreadPlan;
  const fabric = openRings(plan.rings, plan.thread);
  parentPort!.postMessage(await runProgram(fabric, plan));
  fabric.close();
} else if (import.meta.main) {
  await asProcess(process.argv.slice(2));
}
