import fc from "fast-check";
import { expect, it } from "vitest";
import {
  difference,
  fromFieldsV1,
  hasPath,
  intersection,
  pathsOf,
  pathText,
  recursiveDifference,
  sameSet,
  setOf,
  toFieldsV1,
  union,
  type FieldSet,
} from "../../../../sandbox/apiserver/apply/field-set.ts";

const element = fc.constantFrom("f:a", "f:b", 'k:{"name":"x"}', 'v:"y"', "i:0");
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const set = fc.array(path, { maxLength: 12 }).map((paths) => setOf(...paths));
const texts = (of: FieldSet): string[] => pathsOf(of).map((one) => one.join("/"));
const isBelow = (one: string, other: string): boolean => one === other || one.startsWith(`${other}/`);

it("does with paths what sets do", () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const left = new Set(texts(a));
      const right = new Set(texts(b));
      expect(new Set(texts(union(a, b)))).toEqual(new Set([...left, ...right]));
      expect(new Set(texts(intersection(a, b)))).toEqual(new Set([...left].filter((one) => right.has(one))));
      expect(new Set(texts(difference(a, b)))).toEqual(new Set([...left].filter((one) => !right.has(one))));
      const kept = [...left].filter((one) => ![...right].some((other) => isBelow(one, other)));
      expect(new Set(texts(recursiveDifference(a, b)))).toEqual(new Set(kept));
      expect(sameSet(a, b)).toBe([...left].sort().join() === [...right].sort().join());
      for (const one of pathsOf(a)) expect(hasPath(a, one)).toBe(true);
    }),
  );
});

it("is the same after a round through fieldsV1", () => {
  fc.assert(fc.property(set, (a) => sameSet(fromFieldsV1(toFieldsV1(a)), a)));
});

it("writes paths as conflict messages do", () => {
  expect(pathText(["f:spec", "f:containers", 'k:{"name":"a"}', "f:image"])).toBe('.spec.containers[name="a"].image');
  expect(pathText(["f:finalizers", 'v:"x"'])).toBe('.finalizers[="x"]');
});

it("refuses what is no field", () => {
  expect(() => fromFieldsV1({ nonsense: {} })).toThrow('unrecognized key "nonsense"');
});
