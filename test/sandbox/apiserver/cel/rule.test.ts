import { expect, it, describe } from "vitest";
import { compileRule } from "../../../../sandbox/apiserver/cel/rule.ts";
import { escapedName, toCel } from "../../../../sandbox/apiserver/cel/values.ts";
import type { Json } from "../../../../sandbox/apiserver/json.ts";
import type { Schema } from "../../../../sandbox/apiserver/schema/schema.ts";

const text: Schema = { type: "string" };
const schema: Schema = {
  type: "object",
  properties: {
    name: text,
    cpu: text,
    count: { type: "integer" },
    ratio: { type: "number" },
    list: { type: "array", items: { type: "integer" } },
    at: { type: "string", format: "date-time" },
    wait: { type: "string", format: "duration" },
    "max-size": { type: "integer" },
    namespace: text,
    either: { "x-kubernetes-int-or-string": true },
    map: { type: "object", additionalProperties: { type: "integer" } },
    hidden: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};
const value = {
  name: "a.b,c",
  cpu: "1500m",
  count: 3,
  ratio: 3,
  list: [1, 2, 3],
  at: "2026-01-01T00:00:00Z",
  wait: "90s",
  "max-size": 7,
  namespace: "n",
  either: 5,
  map: { "a-b": 1 },
};
const holds = (rule: string, self: Json = value, old?: Json): boolean =>
  compileRule({ rule }, schema).holds(toCel(schema, self), old === undefined ? undefined : toCel(schema, old));

describe("rules are true", () => {
  it.each([
    "self.name.split(',').size() == 2",
    "self.name.replace('.', '-') == 'a-b,c'",
    "self.name.find('[a-z]+$') == 'c' && self.name.findAll('[a-z]').size() == 3",
    "quantity(self.cpu).isGreaterThan(quantity('1')) && quantity(self.cpu).compareTo(quantity('1.5')) == 0",
    "isQuantity('1Gi') && !isQuantity('lots')",
    "self.list.sum() == 6 && self.list.max() == 3 && self.list.min() == 1 && self.list.isSorted()",
    "self.list.indexOf(2) == 1 && self.list.lastIndexOf(9) == -1",
    "sets.contains(self.list, [1, 3]) && sets.intersects(self.list, [9, 1]) && !sets.equivalent(self.list, [1])",
    "self.list.all(x, x > 0) && self.list.exists_one(x, x == 2) && self.list.map(x, x * 2).size() == 3",
    "self.at < timestamp('2027-01-01T00:00:00Z') && self.wait == duration('1m30s')",
    "self.max__dash__size == 7 && self.__namespace__ == 'n'",
    "type(self.either) == int ? self.either > 1 : self.either.endsWith('%')",
    "self.map['a-b'] == 1 && self.map.all(k, k.startsWith('a'))",
    "self.count == 3 && self.ratio == 3.0",
    "'%s has %d of %.1f'.format([self.name, self.count, self.ratio]) == 'a.b,c has 3 of 3.0'",
    "url('https://h.example:8080/p?q=1').getHost() == 'h.example:8080' && isURL('/p') && !isURL('p')",
    "isIP('10.0.0.1') && cidr('10.0.0.0/8').containsIP('10.1.2.3') && !isCIDR('10.0.0.0/40')",
    "!has(self.hidden)",
  ])("%s", (rule) => expect(holds(rule)).toBe(true));
});

it("compares with the old value", () => {
  expect(holds("self.count >= oldSelf.count", value, { count: 2 })).toBe(true);
  expect(holds("self.count >= oldSelf.count", value, { count: 4 })).toBe(false);
  expect(compileRule({ rule: "self == oldSelf" }, schema).transition).toBe(true);
  const optional = compileRule({ rule: "!oldSelf.hasValue() || oldSelf.value().count == 3", optionalOldSelf: true }, schema);
  expect(optional.holds(toCel(schema, value), undefined)).toBe(true);
  expect(optional.holds(toCel(schema, value), toCel(schema, { count: 4 }))).toBe(false);
});

it("refuses what does not compile, before any object is seen", () => {
  expect(() => compileRule({ rule: "self.nothing == 1" }, schema)).toThrow("undefined field 'nothing'");
  expect(() => compileRule({ rule: "self.count ==" }, schema)).toThrow();
  expect(() => compileRule({ rule: "self.count + 1" }, schema)).toThrow("must evaluate to a bool");
  expect(() => compileRule({ rule: "frobnicate(self)" }, schema)).toThrow("frobnicate");
  expect(() => compileRule({ rule: "true", messageExpression: "self.count" }, schema)).not.toThrow();
});

it("escapes names that CEL could not say", () => {
  expect(["a-b", "a.b/c", "a__b", "in", "plain"].map(escapedName)).toEqual([
    "a__dash__b",
    "a__dot__b__slash__c",
    "a__underscores__b",
    "__in__",
    "plain",
  ]);
});
