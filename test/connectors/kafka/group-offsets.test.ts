import * as client from "@platformatic/kafka";
import { expect, test, vi } from "vitest";
import { createGroupOffsets } from "../../../runtime/connectors/kafka/group-offsets.ts";
import type { Cluster } from "../../../runtime/connectors/kafka/cluster.ts";

type Topics = { name: string; partitions: { partitionIndex: number; committedOffset: bigint }[] }[];

function world() {
  const commits: string[] = [];
  const warnings: unknown[] = [];
  let fault: Error | undefined;
  const cluster = {
    kafka: {
      ...client,
      findCoordinatorV4: { api: { async: async () => ({ coordinators: [{ nodeId: 7, errorCode: 0 }] }) } },
      offsetCommitV8: {
        api: {
          async: async (at: number, group: string, generation: number, member: string, _instance: null, topics: Topics) => {
            if (fault !== undefined) throw fault;
            const offsets = topics.flatMap(({ name, partitions }) =>
              partitions.map((p) => `${name}/${p.partitionIndex}=${p.committedOffset}`),
            );
            commits.push(`${at} ${group} ${generation} "${member}" ${offsets.toSorted().join(" ")}`);
          },
        },
      },
    },
    nodes: async () => [1],
    onNode: async (node: number, request: (connection: number) => unknown) => request(node),
  } as unknown as Cluster;
  const offsets = createGroupOffsets({
    groupId: "g",
    withCluster: (work) => work(cluster),
    log: { info: () => undefined, warn: (fields) => void warnings.push(fields) },
  });
  return { offsets, commits, warnings, failWith: (error: Error | undefined) => (fault = error) };
}

test("positions of one snapshot go out together, to the group's coordinator, from nobody who is a member", async () => {
  const { offsets, commits } = world();
  offsets.publish("t", 0, 5);
  offsets.publish("t", 1, 6);
  offsets.publish("u", 0, 7);
  offsets.publish("t", 0, 8);
  await vi.waitFor(() => expect(commits).toEqual(['7 g -1 "" t/0=8 t/1=6 u/0=7']));
});

test("what cannot be published is logged and dropped; the next positions go out", async () => {
  const { offsets, commits, warnings, failWith } = world();
  failWith(Object.assign(new Error("no"), { apiId: "GROUP_AUTHORIZATION_FAILED" }));
  offsets.publish("t", 0, 5);
  await vi.waitFor(() => expect(warnings).toEqual([{ group: "g", fault: "GROUP_AUTHORIZATION_FAILED" }]));
  failWith(undefined);
  offsets.publish("t", 0, 9);
  await vi.waitFor(() => expect(commits).toEqual(['7 g -1 "" t/0=9']));
});
