// What the generic operations work with. Invariant: all state of the server hangs here; no module keeps any of its own.

import type { Catalogue } from "../resources/catalogue.ts";
import type { Store } from "../store/store.ts";

export interface Context {
  store: Store;
  catalogue: Catalogue;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Shown to kubelets. */
  kubeletToken?: string;
}

export type FieldValidation = "Strict" | "Warn" | "Ignore";

export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: FieldValidation;
  force: boolean;
  /** Collects what goes into Warning headers. */
  warnings: string[];
}
