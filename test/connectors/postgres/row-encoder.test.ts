import { expect, test } from "vitest";
import { rowEncoder } from "../../../runtime/connectors/postgres/row-encoder.ts";
import type { Column, Table } from "../../../runtime/connectors/postgres/table.ts";

const column = (name: string, kind: Column["kind"] = "scalar"): Column => ({
  name,
  kind,
  notNull: false,
  fallback: undefined,
  identityAlways: false,
});
const all = [column("id"), column("n"), column("doc", "json"), column("tags", "array")];
const tableOf = (key: readonly string[], columns: readonly Column[] = all): Table => ({
  name: '"public"."t"',
  schema: "public",
  label: "t",
  all,
  columns,
  key,
  naming: key,
  checks: [],
  mends: false,
});
const encode = (item: unknown, key: readonly string[] = ["id"], columns = all) =>
  rowEncoder(tableOf(key, columns), { row: undefined, deletes: undefined, key })(item);

test("values are written for their columns", () => {
  expect(encode({ id: 1n << 62n, n: -Infinity, doc: "a", tags: ["x", null, 'q"'] })!.json).toBe(
    '{"id":4611686018427387904,"n":"-Infinity","doc":"a","tags":["x",null,"q\\""]}',
  );
  expect(
    encode({ id: Uint8Array.of(1, 255), n: new Date(0), doc: { at: new Date(0), big: 2n ** 70n, skip: undefined } })!.json,
  ).toBe('{"id":"\\\\x01ff","n":"1970-01-01T00:00:00.000Z","doc":{"at":"1970-01-01T00:00:00.000Z","big":1180591620717411303424}}');
});

test("missing fields are left out, null is null, columns that are not written are passed over", () => {
  expect(encode({ id: 1, n: undefined, doc: null })!.json).toBe('{"id":1,"doc":null}');
  expect(encode({ id: 1, n: 2, doc: 3 }, ["id"], all.slice(0, 2))!.json).toBe('{"id":1,"n":2}');
});

test("keyed items bring their key; without a value they are deletions", () => {
  expect(encode(["a", { n: 1 }])).toMatchObject({ json: '{"id":"a","n":1}', gone: false });
  expect(encode(["a", null])).toMatchObject({ json: '{"id":"a"}', gone: true });
  expect(encode(["a", undefined])).toMatchObject({ gone: true });
  expect(encode(["a", { id: "b", n: 1 }], ["id", "n"])).toMatchObject({ json: '{"id":"b","n":1}' });
});

test.each([
  [{ id: 5, m: 1 }, /row with id = 5: the table has no column "m"; its columns are id, n, doc, tags/],
  [{ id: 5, doc: new Map() }, /row with id = 5: column "doc" is given a Map/],
  [{ id: 5, doc: { x: NaN } }, /row with id = 5: column "doc" is given NaN/],
  [{ id: 5, doc: () => 1 }, /row with id = 5: column "doc" is given \[Function/],
  ["text", /must be an object of fields/],
  [["a", 5], /must be an object of fields/],
])("%o is refused", (item, message) => {
  expect(() => encode(item)).toThrow(
    expect.objectContaining({ code: "WEIR_SINK_FAILED", message: expect.stringMatching(message) as string }),
  );
});

test("row may leave an item out, and must return an object otherwise", () => {
  const with_ = (row: (item: never) => any) => rowEncoder(tableOf(["id"]), { row, deletes: () => true, key: ["id"] });
  expect(with_(() => undefined)(1)).toBeUndefined();
  expect(with_(() => ({ id: 1, n: 2 }))(1)).toMatchObject({ json: '{"id":1}', gone: true });
  expect(() => with_(() => 7)(1)).toThrow(expect.objectContaining({ code: "WEIR_BAD_RETURN" }));
});
