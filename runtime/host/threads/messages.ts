import type { FromWorker, ToWorker, WireError } from "../../execution/index.ts";
import type { RingSetup } from "../../timely/communication/rings/index.ts";
import type { ProfileReport } from "../profile.ts";
import type { WorkerReadings } from "../status.ts";

/** What a worker thread is started with. */
export interface ThreadStart {
  readonly module: string;
  readonly export: string;
  readonly params: Readonly<Record<string, string>>;
  readonly thread: number;
  /** Profile this thread. */
  readonly profile?: { readonly directory: string; readonly index: number } | undefined;
}
export type ToThread =
  | { readonly kind: "enter"; readonly rings: RingSetup; readonly index: number; readonly peers: number }
  | { readonly kind: "message"; readonly message: ToWorker }
  | { readonly kind: "leave"; readonly keep: boolean }
  | { readonly kind: "readings"; readonly id: number }
  | { readonly kind: "endProfile"; readonly id: number }
  | { readonly kind: "readState"; readonly id: number; readonly step: string; readonly key: string };

/** An error crosses as data: its class would not survive. */
export type FromThread =
  | { readonly kind: "started" }
  | { readonly kind: "broken"; readonly error: WireError }
  /** A test source stood for the death of the machine. */
  | { readonly kind: "aborted" }
  | {
      readonly kind: "message";
      readonly message: Exclude<FromWorker, { kind: "failed" }> | { readonly kind: "failed"; readonly error: WireError };
    }
  | { readonly kind: "readings"; readonly id: number; readonly readings: WorkerReadings }
  | { readonly kind: "profiled"; readonly id: number; readonly report: ProfileReport }
  | { readonly kind: "state"; readonly id: number; readonly value: unknown };
