/**
 * A worker thread: one flow worker per execution, over rings, moved by its own driver. Keyed state stays between executions that
 * follow each other.
 */
import type { MessagePort } from "node:worker_threads";
import { asWeirError } from "../../errors/index.ts";
import { createFlowWorker, drive, type FlowWorker, type FromWorker, type StateSlot, toWireError } from "../../execution/index.ts";
import { openRings } from "../../timely/communication/rings/index.ts";
import { isAbort } from "../../testing/sentinels.ts";
import { loadFlow } from "../load-flow.ts";
import { startProfile } from "../profile.ts";
import { readWorkers } from "../readings.ts";
import type { FromThread, ThreadStart, ToThread } from "./messages.ts";

export async function serve(port: MessagePort, start: ThreadStart): Promise<void> {
  const tell = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  const flow = await loadFlow(start.module, { export: start.export, params: start.params }).catch((error: unknown) => {
    tell({ kind: "broken", error: toWireError(asWeirError(error, "WEIR_MODULE_BROKEN", "the flow could not be loaded")) });
    return undefined;
  });
  if (flow === undefined) return;
  const driver = drive();
  let slot: StateSlot = {};
  let worker: FlowWorker | undefined;
  let remove: () => void = () => {};
  const profile =
    start.profile === undefined
      ? undefined
      : await startProfile(start.profile.directory, start.profile.index, driver, () => (worker === undefined ? [] : [worker]));

  const post = (message: FromWorker): void => {
    if (message.kind === "failed" && isAbort(message.error)) {
      driver.stop();
      tell({ kind: "aborted" });
    } else if (message.kind === "failed") tell({ kind: "message", message: { kind: "failed", error: toWireError(message.error) } });
    else if (message.kind === "rows") tell({ kind: "message", message }, [message.batch.bytes.buffer as ArrayBuffer]);
    else tell({ kind: "message", message });
  };
  port.on("message", async (message: ToThread) => {
    switch (message.kind) {
      case "enter":
        remove();
        worker = createFlowWorker({
          flow,
          fabric: openRings(message.rings, start.thread),
          slot,
          now: Date.now,
          post,
          wake: driver.wake,
        });
        remove = driver.add({ step: worker.step, linger: worker.linger, nextTime: worker.nextTimer });
        return;
      case "message":
        worker?.handle(message.message);
        return;
      case "leave":
        remove();
        worker = undefined;
        if (!message.keep) slot = {};
        return;
      case "readings":
        tell({
          kind: "readings",
          id: message.id,
          readings: await readWorkers(worker === undefined ? [] : [worker], driver.busySeconds()),
        });
        return;
      case "endProfile":
        tell({ kind: "profiled", id: message.id, report: await profile!.end() });
        return;
      case "readState":
        tell({ kind: "state", id: message.id, value: slot.states?.read(message.step, message.key) });
    }
  });
  tell({ kind: "started" });
}
