/**
 * Just enough of a schema for one file, without what a library of schemas brings along: every process and thread of recovery would
 * load it. A check gives what is wrong with a value, and where, or undefined.
 */
export type Check = (value: unknown, at: string) => string | undefined;

const wrong = (at: string, what: string): string => `${at === "" ? "/" : at} must be ${what}`;

export const integer =
  (least: number): Check =>
  (value, at) =>
    Number.isSafeInteger(value) && (value as number) >= least ? undefined : wrong(at, `an integer of at least ${least}`);
export const text =
  (pattern?: RegExp): Check =>
  (value, at) => {
    if (typeof value !== "string") return wrong(at, "a string");
    return pattern === undefined || pattern.test(value) ? undefined : wrong(at, `a string that matches ${pattern.source}`);
  };
export const boolean: Check = (value, at) => (typeof value === "boolean" ? undefined : wrong(at, "true or false"));
export const literal =
  (expected: string | number): Check =>
  (value, at) =>
    value === expected ? undefined : wrong(at, JSON.stringify(expected));
export const unknown: Check = () => undefined;
/** Of a field that may be missing. */
export const optional =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? undefined : check(value, at);
export const array =
  (check: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return wrong(at, "an array");
    for (let i = 0; i < value.length; i += 1) {
      const found = check(value[i], `${at}/${i}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
/** Fields that it does not name are passed over. */
export const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong(at, "an object");
    for (const [name, check] of Object.entries(fields)) {
      const found = check((value as Record<string, unknown>)[name], `${at}/${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
