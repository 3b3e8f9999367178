/** All tables, in the order of the page. */
import { epochsTable } from "./epochs.ts";
import { keysTable } from "./keys.ts";
import { operatorsTable } from "./operators.ts";
import { partitionsTable } from "./partitions.ts";
import { snapshotsTable } from "./snapshots.ts";
import type { Table } from "./table.ts";
import { workersTable } from "./workers.ts";

export const tables: readonly Table[] = [workersTable, operatorsTable, partitionsTable, keysTable, epochsTable, snapshotsTable];
