import { expect, it } from "vitest";
import { definitionOf } from "../../../../sandbox/apiserver/schema/schema.ts";
import { decodeProtobuf } from "../../../../sandbox/apiserver/wire/protobuf.ts";

/** Length-delimited field. */
const field = (number: number, body: string | Buffer): Buffer => {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
};
const varint = (number: number, value: number): Buffer => Buffer.from([number << 3, value]);
const message = (...fields: Buffer[]): Buffer => Buffer.concat(fields);
const envelope = (apiVersion: string, kind: string, body: Buffer): Buffer =>
  message(
    Buffer.from("k8s\0"),
    field(1, message(field(1, apiVersion), field(2, kind))),
    field(2, body),
    field(3, ""),
    field(4, ""),
  );

it("reads maps, bytes and empty fields as JSON would have them", () => {
  const metadata = message(field(1, "s"), field(2, ""), field(8, ""), field(11, message(field(1, "k"), field(2, "v"))));
  const body = message(
    field(1, metadata),
    field(2, message(field(1, "token"), field(2, Buffer.from([1, 2, 3])))),
    field(3, "Opaque"),
  );
  expect(decodeProtobuf(envelope("v1", "Secret", body), definitionOf)).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", labels: { k: "v" } },
    data: { token: "AQID" },
    type: "Opaque",
  });
});

it("keeps the zero of a pointer, and takes inlined structs apart", () => {
  const port = message(field(1, "web"), varint(3, 80), field(4, message(varint(1, 1), varint(2, 0), field(3, "http"))));
  const service = message(field(2, message(field(1, port))));
  expect(decodeProtobuf(envelope("v1", "Service", service), definitionOf)).toMatchObject({
    spec: { ports: [{ name: "web", port: 80, targetPort: "http" }] },
  });
  const probe = message(
    field(1, message(field(2, message(field(1, "/livez"), field(2, message(varint(1, 0), varint(2, 80))))))),
    varint(7, 0),
  );
  const container = message(field(1, "c"), field(10, probe));
  const deployment = message(field(2, message(varint(1, 0), field(3, message(field(2, message(field(2, container))))))));
  expect(decodeProtobuf(envelope("apps/v1", "Deployment", deployment), definitionOf)).toMatchObject({
    spec: {
      replicas: 0,
      template: {
        spec: {
          containers: [{ name: "c", livenessProbe: { httpGet: { path: "/livez", port: 80 }, terminationGracePeriodSeconds: 0 } }],
        },
      },
    },
  });
});

it("refuses what is cut short, unknown, or no protobuf", () => {
  const whole = envelope("v1", "Secret", field(1, field(1, "s")));
  expect(() => decodeProtobuf(whole.subarray(0, 12), definitionOf)).toThrow("unexpected end");
  expect(() => decodeProtobuf(envelope("v9", "Nothing", Buffer.alloc(0)), definitionOf)).toThrow('no kind "Nothing"');
  expect(() => decodeProtobuf(Buffer.from("{}"), definitionOf)).toThrow("does not appear to be a protobuf message");
});
