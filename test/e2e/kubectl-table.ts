/** What people type to look after their flows, with the real kubectl: the same answers from the sandbox and from a real control plane. */
import { chmodSync, mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Dataflow, DataflowSpec } from "../../controller/api/index.ts";
import { createKubectl, type Kubectl } from "./kubectl.ts";
import { openSuite } from "./suite.ts";
import type { LifecycleWorld } from "./world.ts";

/** `program` is the path of a kubectl. */
export function kubectlTable(name: string, start: () => Promise<LifecycleWorld>, program: string): void {
  describe(`kubectl, ${name}`, () => {
    const suite = openSuite(start);
    let kubectl: Kubectl;
    const good: Kubectl["good"] = (...given) => kubectl.good(...given);
    const bad: Kubectl["bad"] = (...given) => kubectl.bad(...given);
    const yaml = (flow: string, spec: Partial<DataflowSpec> = {}): string => {
      const { metadata, ...manifest } = suite.flows.manifest(flow, spec);
      // As people write it: the namespace is where they are.
      return stringify({ ...manifest, metadata: { name: metadata.name } });
    };
    const directory = (flow: string): void => {
      mkdirSync(suite.flows.dir(flow), { recursive: true });
      chmodSync(suite.flows.dir(flow), 0o777);
    };
    const seen = (what: string, look: () => boolean): Promise<unknown> => suite.flows.until("river", what, async () => look());

    beforeAll(() => {
      kubectl = createKubectl(program, suite.world.kubeconfig, suite.flows.namespace);
      for (const flow of ["river", "brook"]) directory(flow);
    });
    afterAll(() => kubectl?.close());

    it("applies on the client's side", async () => {
      expect(await good("apply -f -", yaml("river"))).toBe("dataflow.weir.dev/river created");
      expect(await good("apply -f -", yaml("river"))).toBe("dataflow.weir.dev/river unchanged");
      expect(await good("apply -f -", yaml("river", { upgrade: { progressDeadlineSeconds: 99 } }))).toBe(
        "dataflow.weir.dev/river configured",
      );
      expect(await good("get df river -o jsonpath={.spec.upgrade.progressDeadlineSeconds}")).toBe("99");
      expect(await good("diff -f -", yaml("river", { upgrade: { progressDeadlineSeconds: 99 } }))).toBe("");
    });

    it("applies on the server's side, and tells of conflicts", async () => {
      const suspended = { state: "Suspended" } as const;
      expect(await good("apply --server-side -f -", yaml("brook", suspended))).toBe("dataflow.weir.dev/brook serverside-applied");
      expect(
        await bad(
          "apply --server-side --field-manager=somebody -f -",
          yaml("brook", { ...suspended, workers: 2, epochMilliseconds: 50 }),
        ),
      ).toContain('conflict with "kubectl": .spec.epochMilliseconds');
      await good(
        "apply --server-side --field-manager=somebody --force-conflicts -f -",
        yaml("brook", { ...suspended, epochMilliseconds: 50 }),
      );
      expect(await good("get df brook -o jsonpath={.spec.epochMilliseconds}")).toBe("50");
    });

    it("waits for conditions", async () => {
      expect(await good("wait --for=condition=Ready df/river --timeout=90s")).toBe("dataflow.weir.dev/river condition met");
      expect(await good("wait --for=jsonpath={.status.phase}=Running df/river --timeout=30s")).toBe(
        "dataflow.weir.dev/river condition met",
      );
      expect(await bad("wait --for=condition=Ready df/brook --timeout=1s")).toContain("timed out waiting for the condition");
    });

    it("gets them in columns, wide, as YAML, as JSON, by path, by any of their names", async () => {
      const words = (line: string | undefined): string[] => (line ?? "").trim().split(/\s{2,}/);
      const [head, first, second] = (await good("get df")).split("\n");
      expect(words(head)).toEqual(["NAME", "PHASE", "WORKERS", "READY", "LAG", "RATE", "EPOCH", "AGE"]);
      expect(words(first)[0]).toBe("brook");
      expect(words(second).slice(0, 4)).toEqual(["river", "Running", "1", "1"]);
      const [wide, row] = (await good("get df river -o wide")).split("\n");
      expect(words(wide).slice(-3)).toEqual(["EXECUTION", "SNAPSHOT", "MESSAGE"]);
      expect(words(row).at(-1)).toBe("1 of 1 workers are ready");
      const flow = parse(await good("get dataflow river -o yaml")) as Dataflow;
      expect(flow).toMatchObject({
        kind: "Dataflow",
        metadata: { name: "river" },
        spec: { workers: 1 },
        status: { phase: "Running" },
      });
      expect((JSON.parse(await good("get dataflows.weir.dev river -o json")) as Dataflow).metadata.uid).toBe(flow.metadata.uid);
      expect(await good("get df river -o jsonpath={.status.phase}/{.spec.recovery.partitions}")).toBe("Running/16");
      expect(await good("get dataflows.v1alpha1.weir.dev -o name")).toBe("dataflow.weir.dev/brook\ndataflow.weir.dev/river");
      expect(await good("get df -o custom-columns=N:.metadata.name,P:.status.phase --no-headers")).toMatch(
        /^brook +Suspended\nriver +Running$/,
      );
      expect(await good("get all")).toContain("dataflow.weir.dev/river");
      expect(await good("get df --field-selector=metadata.name=river -o name")).toBe("dataflow.weir.dev/river");
      expect(await good("get df -A --sort-by=.metadata.name")).toContain(suite.flows.namespace);
    });

    it("describes, with events", async () => {
      const text = await good("describe df river");
      for (const line of [/^Name: +river$/m, /^Kind: +Dataflow$/m, /^ +Phase: +Running$/m, /^ +Workers: +1$/m])
        expect(text).toMatch(line);
      expect(text).toMatch(/Events:[^]*Normal +Started/);
    });

    it("explains every field", async () => {
      const text = await good("explain dataflow.spec --recursive");
      for (const line of [
        "image\t<string>",
        "enum: Always, IfNotPresent, Never",
        "flow\t<Object> -required-",
        "    inline\t<string>",
        "    configMap\t<Object>",
        "    path\t<string>",
        "    export\t<string>",
        "params\t<map[string]string>",
        "workers\t<integer>",
        "threadsPerWorker\t<integer>",
        "enum: Running, Suspended",
        "epochMilliseconds\t<integer>",
        "recovery\t<Object>",
        "    store\t<string> -required-",
        "    credentialsSecret\t<string>",
        "    endpoint\t<string>",
        "    snapshotIntervalSeconds\t<integer>",
        "    partitions\t<integer>",
        "    retain\t<integer>",
        "upgrade\t<Object>",
        "    enum: Snapshot, Stateless",
        "    progressDeadlineSeconds\t<integer>",
        "    rollbackOnFailure\t<boolean>",
        "    allowDroppedState\t<boolean>",
        "autoscaling\t<Object>",
        "    minWorkers\t<integer>",
        "    maxWorkers\t<integer>",
        "    targetUtilizationPercent\t<integer>",
        "    catchUpSeconds\t<integer>",
        "    maxLag\t<integer>",
        "    intervalSeconds\t<integer>",
        "    scaleDownWindowSeconds\t<integer>",
        "restoreFrom\t<Object>",
        "    epoch\t<integer> -required-",
        "restartNonce\t<integer>",
        "enum: Retain, Delete",
        "template\t<Object>",
      ])
        expect(text).toContain(line);
      expect(await good("explain df.spec.recovery.store")).toMatch(/FIELD: store <string>[^]*s3:\/\/bucket\/prefix/);
      expect(await good("explain df.status.lastRescale")).toContain("How long no output appeared.");
    });

    it("scales, and watches it happen", async () => {
      const watch = kubectl.follow("get df river -w");
      await seen("a first line of the watch", () => watch.out().includes("river"));
      expect(await good("scale df/river --replicas=2")).toBe("dataflow.weir.dev/river scaled");
      expect(await bad("scale df/river --current-replicas=5 --replicas=3")).toContain("Expected replicas to be 5, was 2");
      await good("wait --for=jsonpath={.status.readyWorkers}=2 df/river --timeout=90s");
      await seen("two workers in the watch", () => /^river +\w+ +2 +2 /m.test(watch.out()));
      watch.end();
      expect(await good("get pods -o name")).toBe("pod/river-0\npod/river-1");
    });

    it("patches and edits", async () => {
      expect(await good('patch df river --type=merge -p {"spec":{"upgrade":{"progressDeadlineSeconds":77}}}')).toBe(
        "dataflow.weir.dev/river patched",
      );
      expect(await good('patch df river --type=json -p [{"op":"replace","path":"/spec/workers","value":1}]')).toBe(
        "dataflow.weir.dev/river patched",
      );
      expect(await bad('patch df river -p {"spec":{"workers":2}}')).toContain(
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, " +
          "application/merge-patch+json, application/apply-patch+yaml",
      );
      expect(await good("edit df river", "", { KUBE_EDITOR: "sed -i s/deletionPolicy:.Retain/deletionPolicy:\\ Delete/" })).toBe(
        "dataflow.weir.dev/river edited",
      );
      expect(
        await good("get df river -o jsonpath={.spec.deletionPolicy}/{.spec.upgrade.progressDeadlineSeconds}/{.spec.workers}"),
      ).toBe("Delete/77/1");
      expect(await good("label df river tier=gold")).toBe("dataflow.weir.dev/river labeled");
      expect(await good("annotate df river note=x")).toBe("dataflow.weir.dev/river annotated");
      expect(await good("get df -l tier=gold -o name")).toBe("dataflow.weir.dev/river");
      await good("wait --for=jsonpath={.status.workers}=1 df/river --timeout=90s");
    });

    it("refuses what is wrong, in the API's words", async () => {
      const wrong = (spec: object) => bad("apply -f -", yaml("river", spec as Partial<DataflowSpec>));
      expect(await wrong({ wrokers: 3 })).toContain('strict decoding error: unknown field "spec.wrokers"');
      expect(await wrong({ workers: 300 })).toContain(
        'The Dataflow "river" is invalid: spec.workers: Invalid value: 300: spec.workers in body should be less than or equal to 256',
      );
      const moved = { recovery: { store: `file://${suite.flows.store("river")}`, partitions: 32 } };
      expect(await wrong(moved)).toContain(
        'The Dataflow "river" is invalid: spec.recovery.partitions: Forbidden: partitions is immutable',
      );
      expect(await bad("create -f -", yaml("river"))).toBe(
        'Error from server (AlreadyExists): error when creating "STDIN": dataflows.weir.dev "river" already exists',
      );
      expect(await bad("get df nothing")).toBe('Error from server (NotFound): dataflows.weir.dev "nothing" not found');
      expect(await bad("scale df/river --replicas=999")).toContain("should be less than or equal to 256");
    });

    it("lists what a flow is made of", async () => {
      const text = await good("get pods,sts,svc,cm,events");
      for (const line of [/^pod\/river-0 +1\/1 +Running/m, /^statefulset.apps\/river +\d\/1/m, /^service\/river +ClusterIP +None/m])
        expect(text).toMatch(line);
      expect(text).toMatch(/^configmap\/river-code-/m);
      expect(text).toMatch(/^\S+ +Normal +Started +dataflow\/river +all workers are ready/m);
      expect(await good("get pods -l weir.dev/dataflow=river -o name")).toContain("pod/river-0");
      expect(await good("events --for=dataflow/river --types=Normal")).toContain("Started");
    });

    it("follows logs", async () => {
      const logs = kubectl.follow("logs -f river-0");
      await seen("a line of the log", () => logs.out().includes('"flow":"sums"'));
      const before = logs.out().length;
      await good("scale df/river --replicas=2");
      await seen("a new line of the log", () => logs.out().slice(before).includes("rescaled"));
      logs.end();
      expect(await good("logs river-0 --tail=1")).toContain('"flow":"sums"');
      expect(await good("logs -l weir.dev/dataflow=river --tail=1 --prefix")).toContain("[pod/river-0/worker]");
    });

    it("deletes, and waits until all of it is gone", async () => {
      expect(await good("delete df brook --wait=false")).toContain('dataflow.weir.dev "brook" deleted');
      expect(await good("delete df river")).toContain('dataflow.weir.dev "river" deleted');
      expect(await bad("get df river")).toContain("NotFound");
      await good("wait --for=delete df/brook --timeout=60s");
      expect(await good("get df")).toBe("");
      await suite.flows.until("river", "its children's end", async () => (await suite.flows.children("river")).length === 0);
    });
  });
}
