/** All queries by name. With `nexmarkFlow` and `events` (flow.ts) each is a flow over any source; each module is one by itself, too. */
import { q0 } from "./q0.ts";
import { q1 } from "./q1.ts";
import { q2 } from "./q2.ts";
import { q3 } from "./q3.ts";
import { q4 } from "./q4.ts";
import { q5 } from "./q5.ts";
import { q6 } from "./q6.ts";
import { q7 } from "./q7.ts";
import { q8 } from "./q8.ts";

export const queries = { q0, q1, q2, q3, q4, q5, q6, q7, q8 };
export type QueryName = keyof typeof queries;
