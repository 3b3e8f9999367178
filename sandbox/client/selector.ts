/** Label selectors, by Kubernetes' rules: an absent selector matches nothing, an empty one everything. */
import type { LabelSelector } from "./types.ts";

export function matchesLabels(selector: Record<string, string> | undefined, labels: Record<string, string> | undefined): boolean {
  if (selector === undefined) return false;
  for (const [name, value] of Object.entries(selector)) if (labels?.[name] !== value) return false;
  return true;
}

export function matchesSelector(selector: LabelSelector | undefined, labels: Record<string, string> | undefined): boolean {
  if (selector === undefined) return false;
  if (!matchesLabels(selector.matchLabels ?? {}, labels)) return false;
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const value = labels?.[key];
    const listed = value !== undefined && (values ?? []).includes(value);
    if (operator === "In" && !listed) return false;
    if (operator === "NotIn" && listed) return false;
    if (operator === "Exists" && value === undefined) return false;
    if (operator === "DoesNotExist" && value !== undefined) return false;
  }
  return true;
}
