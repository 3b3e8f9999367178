import { createThreadFabrics } from "../../../runtime/timely/communication/thread.ts";
import { fabricContract } from "./fabric-contract.ts";

fabricContract({
  name: "the fabric of one thread",
  smallWindow: 1_000,
  unbreakable: true,
  make: (peers, options) => ({ fabrics: createThreadFabrics(peers, options), close: () => undefined }),
});
