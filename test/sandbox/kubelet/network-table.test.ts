import { describe, expect, it } from "vitest";
import type { Pod, Service } from "../../../sandbox/client/index.ts";
import { hostsTable, type Endpoint } from "../../../sandbox/kubelet/network-table.ts";

const service = (spec: Service["spec"], name = "web"): Service => ({
  metadata: { name, namespace: "n" },
  spec: { selector: { app: "web" }, ...spec },
});
const endpoint = (index: number, ready: boolean, own: Partial<Pod["spec"]> = {}): Endpoint => ({
  pod: {
    metadata: { name: `web-${index}`, namespace: "n", labels: { app: "web" } },
    spec: {
      hostname: `web-${index}`,
      subdomain: "web",
      containers: [{ name: "c", ports: [{ name: "http", containerPort: 8080 }] }],
      ...own,
    },
  },
  address: `127.1.1.${index}`,
  ready,
});

describe("the table of names", () => {
  it("has ready pods only, unless the service publishes the others too", () => {
    const pods = [endpoint(0, true), endpoint(1, false)];
    expect(hostsTable([service({ clusterIP: "None" })], pods).services["n/web"]).toEqual({
      addresses: ["127.1.1.0"],
      pods: { "web-0": "127.1.1.0" },
    });
    expect(hostsTable([service({ clusterIP: "None", publishNotReadyAddresses: true })], pods).services["n/web"]?.pods).toEqual({
      "web-0": "127.1.1.0",
      "web-1": "127.1.1.1",
    });
  });

  it("keeps to the service's namespace and selector, and names pods only under their own subdomain", () => {
    const stranger = endpoint(2, true);
    stranger.pod.metadata.namespace = "other";
    const table = hostsTable(
      [
        service({ clusterIP: "None" }),
        service({ clusterIP: "10.0.0.1" }, "front"),
        service({ selector: { app: "none" } }, "empty"),
      ],
      [endpoint(0, true), stranger],
    );
    expect(table.services["n/web"]?.addresses).toEqual(["127.1.1.0"]);
    expect(table.services["n/front"]).toEqual({ addresses: ["127.1.1.0"], pods: {} });
    expect(table.services["n/empty"]).toEqual({ addresses: [], pods: {} });
  });

  it("maps ports that the service has another number for, also by name", () => {
    const ports = [
      { port: 80, targetPort: "http" },
      { port: 8080 },
      { port: 443, targetPort: 8443 },
      { port: 1, targetPort: "unknown" },
    ];
    expect(hostsTable([service({ clusterIP: "10.0.0.1", ports })], [endpoint(0, true)]).services["n/web"]?.ports).toEqual({
      "80": 8080,
      "443": 8443,
    });
    expect(hostsTable([service({ clusterIP: "None", ports })], [endpoint(0, true)]).services["n/web"]?.ports).toBeUndefined();
  });
});
