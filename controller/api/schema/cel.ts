/**
 * Rules that the API server checks beside the schema (`x-kubernetes-validations`). Every string and map that a rule reads has a
 * bounded size, or the API server refuses the whole definition for what the rule might cost.
 */
export interface CelRule {
  rule: string;
  message: string;
  /** Path of the field to blame, relative to where the rule stands. */
  fieldPath?: string;
  reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired" | "FieldValueDuplicate";
}

export function rules(...list: CelRule[]): { "x-kubernetes-validations": CelRule[] } {
  return { "x-kubernetes-validations": list };
}

/** True when `field` names a store: file:///dir, s3://bucket[/prefix] or azure://container[/prefix]. */
export function isStoreUrl(field: string): string {
  return `${field}.matches('^(file:///.+|(s3|azure)://[^/?#]+(/[^?#]*)?)$')`;
}

export const storeUrlMessage = "must be file:///dir, s3://bucket/prefix or azure://container/prefix";
