/** All rows, in the order of the table. */
import type { Row } from "../row.ts";
import { barrier } from "./barrier.ts";
import { boundedRow } from "./bounded.ts";
import { chain } from "./chain.ts";
import { exchange100k, exchange1k } from "./exchange.ts";
import { keyed1k, keyed1m } from "./keyed.ts";
import { latencyRow } from "./latency.ts";
import { nexmarkQ3, nexmarkQ5, nexmarkQ8 } from "./nexmark.ts";
import { rescaleRow } from "./rescale.ts";
import { idleRow } from "./idle.ts";
import { memoryRow } from "./memory.ts";
import { recoveryRow } from "./recovery.ts";
import { resumeRow } from "./resume.ts";
import { window } from "./window.ts";
import { wordcount } from "./wordcount.ts";

export const rows: readonly Row[] = [
  wordcount,
  chain,
  keyed1k,
  keyed1m,
  window,
  nexmarkQ3,
  nexmarkQ5,
  nexmarkQ8,
  exchange1k,
  exchange100k,
  barrier,
  latencyRow,
  resumeRow,
  rescaleRow,
  recoveryRow,
  memoryRow,
  idleRow,
  boundedRow,
];
