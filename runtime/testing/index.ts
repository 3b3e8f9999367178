/** `weir/testing`: sources and sinks made of arrays, and flows run to their end inside a test. Imports execution and host. */
export { ABORT, EOF, PAUSE } from "./sentinels.ts";
export { testSource } from "./test-source.ts";
export { testSink } from "./test-sink.ts";
export { runMain } from "./run-main.ts";
export { runCluster } from "./run-cluster.ts";
export type { RunOptions } from "./run-options.ts";
