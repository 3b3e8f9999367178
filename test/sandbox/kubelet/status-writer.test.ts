import { expect, test } from "vitest";
import { ApiError, type Client, type Pod } from "../../../sandbox/client/index.ts";
import { createStatusWriter } from "../../../sandbox/kubelet/status-writer.ts";

const pod = (uid: string): Pod => ({ metadata: { name: "a-0", namespace: "default", uid }, spec: { containers: [] } });

/** An API in which the pod called a-0 has the uid `there`, and which answers as real ones do. */
function world(there: string | undefined) {
  const told: unknown[] = [];
  const client = {
    async merge(_resource: unknown, _name: string, _namespace: string, patch: { metadata: { uid: string } }) {
      if (there === undefined) throw new ApiError(404, "NotFound", "no pod");
      if (patch.metadata.uid !== there) throw new ApiError(422, "Invalid", "metadata.uid: Invalid value: field is immutable");
      return patch;
    },
    async get() {
      if (there === undefined) throw new ApiError(404, "NotFound", "no pod");
      return pod(there);
    },
  } as unknown as Client;
  const source = { pod: () => pod("mine"), status: () => ({ phase: "Failed" }) };
  const writer = createStatusWriter(
    client,
    (uid) => (uid === "mine" ? source : undefined),
    (_what, error) => told.push(error),
  );
  return { writer, told };
}

test.each([
  ["the pod is there", "mine"],
  ["the pod is gone", undefined],
  ["a namesake has taken its place", "another"],
])("has done what it can when %s", async (_case, there) => {
  const { writer, told } = world(there);
  await writer.flush("mine");
  expect(told).toEqual([]);
  await writer.stop();
});
