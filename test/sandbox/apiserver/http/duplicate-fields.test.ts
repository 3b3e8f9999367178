import fc from "fast-check";
import { expect, it } from "vitest";
import { duplicateFields } from "../../../../sandbox/apiserver/http/duplicate-fields.ts";

it("finds what stands twice, at any depth", () => {
  expect(duplicateFields('{"a":1,"a":2}')).toEqual(["a"]);
  expect(duplicateFields('{"s":{"l":[{"n":1},{"n":1,"n" : 2}]},"t":"a\\"}{","t":[]}')).toEqual(["s.l[1].n", "t"]);
  expect(duplicateFields('{"\\u0061":1,"a":2}')).toEqual(["a"]);
});

it("finds nothing in what JSON.stringify writes, however it is spaced", () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom(0, 2),
      (value, indent) => duplicateFields(JSON.stringify(value, null, indent)).length === 0,
    ),
  );
});
