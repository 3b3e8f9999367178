// The real kubectl against the server: what people type, and what they read.

import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pod, river, riverDefinition, statefulSet } from "../conformance/objects.ts";
import { findKubectl, runKubectl, type Run } from "./kubectl.ts";
import { eventually, started, type Started } from "./started.ts";

const kubectl = findKubectl();

describe.skipIf(kubectl === undefined && !process.env.CI)("kubectl", () => {
  let api: Started;
  const run = (args: string, input?: unknown): Promise<Run> =>
    runKubectl(
      kubectl!,
      api.server.kubeconfig,
      api.directory,
      args.split(" "),
      input === undefined ? undefined : JSON.stringify(input),
    );
  const good = async (args: string, input?: unknown): Promise<string> => {
    const { code, out, err } = await run(args, input);
    expect(err + out, `kubectl ${args}`).toSatisfy(() => code === 0);
    return out.trim();
  };
  const bad = async (args: string, input?: unknown): Promise<string> => {
    const { code, err } = await run(args, input);
    expect(code, `kubectl ${args}`).not.toBe(0);
    return err.trim();
  };

  beforeAll(async () => {
    expect(kubectl, "CI must have kubectl").toBeDefined();
    api = await started();
    await good("apply -f -", riverDefinition);
    await good("wait --for=condition=Established crd/rivers.conformance.example.com --timeout=5s");
  });
  afterAll(() => api?.stop());

  it("applies on the client's side: created, unchanged, configured", async () => {
    expect(await good("apply -f -", river("a"))).toContain("created");
    expect(await good("apply -f -", river("a"))).toContain("unchanged");
    expect(await good("apply -f -", river("a", { workers: 3, ports: [{ name: "x" }] }))).toContain("configured");
    expect(await good("apply -f -", river("a", { workers: 3 }))).toContain("configured");
    expect(await good("get rvr a -o jsonpath={.spec}")).toBe('{"image":"app","state":"Running","workers":3}');
    expect(await good("apply -f -", statefulSet("s"))).toContain("created");
    expect(await good("apply -f -", statefulSet("s"))).toContain("unchanged");
  });

  it("applies on the server's side, with conflicts", async () => {
    expect(await good("apply --server-side -f -", river("b", { workers: 3 }))).toContain("serverside-applied");
    expect(await bad("apply --server-side --field-manager=other -f -", river("b", { workers: 4 }))).toContain(
      'conflict with "kubectl": .spec.workers',
    );
    await good("apply --server-side --field-manager=other --force-conflicts -f -", river("b", { workers: 4 }));
    // What client-side apply wrote before is kubectl's own: no conflict when it turns to the server's side.
    await good("apply --server-side -f -", river("a", { workers: 5 }));
    expect(await good("get rvr a -o jsonpath={.spec.workers}")).toBe("5");
  });

  it("refuses wrong fields, numbers and changes in the API's words", async () => {
    expect(await bad("apply -f -", river("w", { wrong: 1 }))).toContain('strict decoding error: unknown field "spec.wrong"');
    expect(await bad("apply -f -", river("w", { workers: 0 }))).toContain(
      "spec.workers: Invalid value: 0: spec.workers in body should be greater than or equal to 1",
    );
    await good("apply -f -", river("w", { partitions: 8 }));
    expect(await bad("apply -f -", river("w", { partitions: 9 }))).toContain(
      "spec.partitions: Invalid value: 9: partitions are immutable",
    );
    expect(await good("apply --validate=warn -f -", river("w", { partitions: 8, wrong: 1 }))).toBeDefined();
  });

  it("prints tables, wide and plain", async () => {
    await api.ok(
      "PATCH",
      "/apis/conformance.example.com/v1/namespaces/default/rivers/a/status",
      { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
      { "content-type": "application/merge-patch+json" },
    );
    expect((await good("get rvr a")).split("\n").map((line) => line.split(/\s+/))).toEqual([
      ["NAME", "PHASE", "WORKERS", "READY"],
      ["a", "Running", "5", "True"],
    ]);
    expect((await good("get rvr a -o wide")).split("\n")[0]!.split(/\s+/)).toContain("IMAGE");
    expect(await good("get all")).toContain("river.conformance.example.com/a");
    expect(await good("get pods,sts,svc,cm,events")).toContain("statefulset.apps/s");
    expect(await good("get sts -o wide")).toContain("registry.example/app:1");
    expect(await bad("get nothing")).toContain('the server doesn\'t have a resource type "nothing"');
    expect(await bad("get cm none")).toBe('Error from server (NotFound): configmaps "none" not found');
  });

  it("explains kinds", async () => {
    const explained = await good("explain rvr.spec --recursive");
    for (const word of ["workers\t<integer>", "enum: Running, Suspended", "image\t<string> -required-", "ports\t<[]Object>"])
      expect(explained).toContain(word);
    expect(await good("explain pod.spec.containers.livenessProbe")).toContain("httpGet\t<HTTPGetAction>");
  });

  it("describes, labels, annotates, scales, patches, edits and replaces", async () => {
    expect(await good("describe rvr a")).toMatch(/Workers:\s+5/);
    await good("label rvr a tier=x");
    await good("annotate rvr a note=y");
    expect(await good("get rvr -l tier=x -o name")).toBe("river.conformance.example.com/a");
    await good("scale rvr/a --replicas=6");
    await good("scale sts/s --replicas=2");
    await good('patch rvr a --type=merge -p {"spec":{"minWorkers":1}}');
    await good('patch rvr a --type=json -p [{"op":"remove","path":"/spec/minWorkers"}]');
    await good('patch sts s -p {"spec":{"template":{"spec":{"containers":[{"name":"side","image":"i"}]}}}}');
    await good('patch rvr a --subresource=status --type=merge -p {"status":{"phase":"Done"}}');
    expect(await good("get rvr a -o jsonpath={.spec.workers}/{.status.phase}")).toBe("6/Done");
    expect(await good("get sts s -o jsonpath={.spec.template.spec.containers[*].name}")).toBe("side main");
    process.env.KUBE_EDITOR = "sed -i s/Running/Suspended/";
    expect(await good("edit rvr a")).toContain("edited");
    expect(await good("get rvr a -o jsonpath={.spec.state}")).toBe("Suspended");
    const now = JSON.parse(await good("get rvr a -o json")) as { spec: { workers: number } };
    now.spec.workers = 9;
    expect(await good("replace -f -", now)).toContain("replaced");
  });

  it("creates with its typed clients, which speak protobuf", async () => {
    await good("create configmap c --from-literal=a=1");
    await good("create secret generic s --from-literal=a=1");
    await good("create deployment d --image=x --replicas=0 --port=80");
    expect(await good("get deploy d -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].ports[0].containerPort}")).toBe(
      "0/80",
    );
    expect(await good("get secret s -o jsonpath={.data.a}")).toBe("MQ==");
    await good("create job j --image=x");
    await good("rollout restart deployment/d");
    expect(await good("auth can-i create pods")).toBe("yes");
  });

  it("watches and waits", async () => {
    const waiting = good("wait rvr/b --for=condition=Ready --timeout=10s");
    await api.ok(
      "PATCH",
      "/apis/conformance.example.com/v1/namespaces/default/rivers/b/status",
      { status: { conditions: [{ type: "Ready", status: "True" }] } },
      { "content-type": "application/merge-patch+json" },
    );
    expect(await waiting).toContain("condition met");
    const child = spawn(kubectl!, ["get", "rvr", "b", "-w"], { env: { HOME: api.directory, KUBECONFIG: api.server.kubeconfig } });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    await eventually(async () => out.includes("b "));
    await good('patch rvr b --type=merge -p {"spec":{"workers":42}}');
    await eventually(async () => out.includes("42"));
    child.kill();
  });

  it("deletes: waiting, foreground, orphan, by selector", async () => {
    await good("delete rvr b");
    await good("delete deploy d --cascade=foreground");
    await good("delete job j --cascade=orphan");
    await good("delete cm c --wait=false");
    await good("delete rvr -l tier=x");
    expect(await good("get rvr -o name")).toBe("river.conformance.example.com/w");
    await good("create namespace n");
    await good("delete namespace n");
  });

  describe("logs", () => {
    let kubelet: Server;
    beforeAll(async () => {
      kubelet = createServer((request, response) => {
        response.write(`${request.url}\n`);
        if (request.url?.includes("follow=true")) setTimeout(() => response.end("later\n"), 200);
        else response.end();
      });
      await new Promise<void>((resolve) => kubelet.listen(0, "127.0.0.1", resolve));
      const { port } = kubelet.address() as AddressInfo;
      await api.ok("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "here" } });
      const status = {
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      };
      await api.ok("PATCH", "/api/v1/nodes/here/status", { status }, { "content-type": "application/merge-patch+json" });
      await api.ok("POST", "/api/v1/namespaces/default/pods", pod("logged", { nodeName: "here" }));
    });
    afterAll(() => kubelet.close());

    it("come from the kubelet of the pod's node", async () => {
      expect(await good("logs logged --tail=3 --timestamps")).toBe(
        "/containerLogs/default/logged/main?tailLines=3&timestamps=true",
      );
      expect(await good("logs -f logged -c main")).toBe("/containerLogs/default/logged/main?follow=true\nlater");
      expect(await bad("logs logged -c other")).toContain("container other is not valid for pod logged");
    });

    it("say so when the kubelet is not there", async () => {
      await new Promise((resolve) => kubelet.close(resolve));
      expect(await bad("logs logged")).toContain("ECONNREFUSED");
    });

    it("exec is refused and not hung", async () => {
      expect(await bad("exec logged -- ls")).toContain("pods/exec is not implemented by this server");
    });
  });

  it("leaves no error of the server's own behind", () => {
    expect(api.errors).toEqual([]);
  });
});
