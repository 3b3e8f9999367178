// Label selectors, as query strings and as LabelSelector objects.
// Invariant: a selector that does not parse is refused with 400 in the API's words; an empty one selects everything.

import { badRequest } from "../errors/status.ts";
import { isObject, objectsAt, type JsonObject } from "../json.ts";

export type LabelSelector = (labels: Record<string, string> | undefined) => boolean;

const requirement = /^\s*(!?)\s*([A-Za-z0-9_./-]+)\s*(?:(==|=|!=|>|<)\s*([^\s]*)|\s(in|notin)\s*\(([^)]*)\))?\s*$/;

/** Splits at commas that are not inside parentheses. */
function parts(text: string): string[] {
  return text.split(/,(?![^(]*\))/);
}

function refusal(part: string, text: string): string {
  const words = part.trim().split(/\s+/);
  if (words.length > 1 && /^\w+$/.test(words[1]!))
    return `unable to parse requirement: found '${words[1]!}', expected: in, notin, =, ==, !=, gt, lt`;
  return `unable to parse requirement: couldn't parse the selector string "${text}"`;
}

export function parseLabelSelector(text: string): LabelSelector {
  if (text.trim() === "") return () => true;
  const tests = parts(text).map((part): LabelSelector => {
    const match = requirement.exec(part);
    if (!match) throw badRequest(refusal(part, text));
    const [, not, key = "", operator, value = "", set, values = ""] = match;
    if (set) {
      const list = values.split(",").map((item) => item.trim());
      return set === "in"
        ? (labels) => labels?.[key] !== undefined && list.includes(labels[key])
        : (labels) => labels?.[key] === undefined || !list.includes(labels[key]);
    }
    switch (operator) {
      case "=":
      case "==":
        return (labels) => labels?.[key] === value;
      case "!=":
        return (labels) => labels?.[key] !== value;
      case ">":
        return (labels) => labels?.[key] !== undefined && Number(labels[key]) > Number(value);
      case "<":
        return (labels) => labels?.[key] !== undefined && Number(labels[key]) < Number(value);
      default:
        return not ? (labels) => labels?.[key] === undefined : (labels) => labels?.[key] !== undefined;
    }
  });
  return (labels) => tests.every((test) => test(labels));
}

/** A LabelSelector object; undefined selects nothing, an empty one everything. */
export function labelSelectorOf(selector: JsonObject | undefined): LabelSelector {
  if (!selector) return () => false;
  const wanted = isObject(selector.matchLabels) ? Object.entries(selector.matchLabels) : [];
  const expressions = objectsAt(selector, "matchExpressions");
  return (labels) =>
    wanted.every(([key, value]) => labels?.[key] === value) &&
    expressions.every(({ key, operator, values }) => {
      const value = labels?.[key as string];
      const list = Array.isArray(values) ? values : [];
      if (operator === "In") return value !== undefined && list.includes(value);
      if (operator === "NotIn") return value === undefined || !list.includes(value);
      if (operator === "Exists") return value !== undefined;
      return value === undefined;
    });
}

/** A LabelSelector object as the string that a scale subresource shows. */
export function labelSelectorText(selector: JsonObject | undefined): string {
  if (!selector) return "";
  const plain = isObject(selector.matchLabels)
    ? Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${String(value)}`)
    : [];
  const expressions = objectsAt(selector, "matchExpressions").map(({ key, operator, values }) => {
    const list = `(${(Array.isArray(values) ? values.map(String) : []).sort().join(",")})`;
    if (operator === "In") return `${String(key)} in ${list}`;
    if (operator === "NotIn") return `${String(key)} notin ${list}`;
    return operator === "Exists" ? String(key) : `!${String(key)}`;
  });
  return [...plain.sort(), ...expressions].sort().join(",");
}
