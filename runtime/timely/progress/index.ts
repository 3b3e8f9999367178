/** Progress: what can still happen where. Imports nothing of ours. */
export { compareTimes, formatTime, isTime, lessEqual, lessThan, minimum, sameTime, type NestedTime, type Time } from "./time.ts";
export { frontierLessEqual, frontierLessThan, insertMinimal, sameAntichain } from "./antichain.ts";
export { BitSet } from "./bit-set.ts";
export { ChangeBatch } from "./change-batch.ts";
export {
  createMutableAntichain,
  PartialMutableAntichain,
  TotalMutableAntichain,
  type MutableAntichain,
} from "./mutable-antichain.ts";
export { advanceSummary, enterSummary, followedBy, identitySummary, leaveSummary, resultsIn, type PathSummary } from "./summary.ts";
export { LocationGraph } from "./location-graph.ts";
export { findStuckCycle } from "./components.ts";
export { Tracker } from "./reachability.ts";
