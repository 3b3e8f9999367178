/** Query 0, pass through: what it costs to read, move and write. All bids as they are. */
import { nexmark, type Query } from "./flow.ts";
import { bidsOf } from "./streams.ts";

export const q0: Query = (events) => bidsOf(events).keyBy("by auction", (bid) => `${bid.auction}`);
export default nexmark("q0", q0);
