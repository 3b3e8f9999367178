import { describe, expect, test } from "vitest";
import { observePod, type RawPod } from "../../../controller/observe/index.ts";

const raw = (status: RawPod["status"], metadata: Partial<RawPod["metadata"]> = {}): RawPod => ({
  metadata: {
    name: "a-1",
    namespace: "default",
    uid: "u",
    creationTimestamp: "2026-11-22T12:00:00Z",
    annotations: { "weir.dev/run": "h-1" },
    ...metadata,
  },
  spec: { containers: [], nodeName: "n" },
  ...(status === undefined ? {} : { status }),
});
const container = (state: object, lastState: object = {}) => ({
  name: "worker",
  ready: false,
  restartCount: 2,
  image: "",
  imageID: "",
  state,
  lastState,
});

describe("a pod", () => {
  test("that runs", () => {
    const seen = observePod(
      "a",
      raw({
        phase: "Running",
        podIP: "10.0.0.1",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [container({ running: {} })],
      }),
    );
    expect(seen).toMatchObject({
      ordinal: 1,
      run: "h-1",
      ip: "10.0.0.1",
      node: "n",
      ready: true,
      restarts: 2,
      waiting: undefined,
      lastExit: undefined,
    });
  });

  test("that is being deleted is not ready any more", () => {
    const seen = observePod(
      "a",
      raw({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] }, { deletionTimestamp: "2026-11-22T12:01:00Z" }),
    );
    expect(seen).toMatchObject({ ready: false, deletingSince: Date.parse("2026-11-22T12:01:00Z") });
  });

  test("of another name is none of the flow's processes", () => {
    for (const name of ["a", "a-delete-state", "b-1", "a-01", "a-1-2"]) expect(observePod("a", raw({}, { name }))).toBeUndefined();
  });

  test("that has no node says why", () => {
    const seen = observePod(
      "a",
      raw({
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }],
      }),
    );
    expect(seen?.waiting).toEqual({ reason: "Unschedulable", message: "0/3 nodes" });
  });

  test("that is being created does not wait", () => {
    expect(
      observePod("a", raw({ phase: "Pending", containerStatuses: [container({ waiting: { reason: "ContainerCreating" } })] }))
        ?.waiting,
    ).toBeUndefined();
  });

  test("that crashes tells the error of its last log line", () => {
    const message =
      '{"level":30,"msg":"starting"}\n{"level":60,"err":{"code":"WEIR_MODULE_BROKEN","message":"flow.ts does not parse"},"msg":"failed"}\n';
    const ended = { terminated: { exitCode: 1, finishedAt: "2026-11-22T12:00:09Z", message } };
    const seen = observePod(
      "a",
      raw({
        phase: "Running",
        containerStatuses: [container({ waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } }, ended)],
      } as never),
    );
    expect(seen?.waiting).toEqual({ reason: "CrashLoopBackOff", message: "back-off 10s" });
    expect(seen?.lastExit).toEqual({
      code: 1,
      at: Date.parse("2026-11-22T12:00:09Z"),
      message: "WEIR_MODULE_BROKEN: flow.ts does not parse",
    });
  });

  test("that crashes with plain text tells its end", () => {
    const ended = { terminated: { exitCode: 137, message: "one\ntwo\n" } };
    expect(observePod("a", raw({ containerStatuses: [container({ running: {} }, ended)] } as never))?.lastExit).toMatchObject({
      code: 137,
      message: "one\ntwo",
    });
  });

  test("ended with last words for people, behind what is left of a log line", () => {
    const message = [
      'runtime/flow/chain/compile.ts:75:55\\n    at run","code":"WEIR_STEP_FAILED","msg":"the flow failed"}',
      'weir: Step "check" failed: Error: 7 is too much',
      "  Error: 7 is too much",
      "      at file:///etc/weir/flow/flow.ts:28:68",
      "  The step's own code threw. Mend the code or the data. (WEIR_STEP_FAILED)",
    ].join("\n");
    const ended = { terminated: { exitCode: 1, message } };
    const seen = observePod("a", raw({ phase: "Running", containerStatuses: [container({ running: {} }, ended)] }));
    expect(seen?.lastExit?.message).toBe(
      `Step "check" failed: Error: 7 is too much The step's own code threw. Mend the code or the data. (WEIR_STEP_FAILED)`,
    );
  });
});
