/** What a worker lends to its dataflows. */
import type { Fabric } from "../communication/fabric.ts";
import type { DataflowState } from "./dataflow-state.ts";
import type { ProgressPath } from "./progress-path.ts";

export interface Host {
  readonly index: number;
  readonly peers: number;
  readonly fabric: Fabric;
  readonly path: ProgressPath;
  /** Weight of all batches that wait in front of operators. */
  queued: number;
  /** The dataflow has something to do; called again only after its next run. */
  enlist(dataflow: DataflowState): void;
  /** Activates an operator once the clock has reached `time`. */
  schedule(time: number, dataflow: DataflowState, operator: number): void;
}
