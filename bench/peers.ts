/**
 * The same work in other systems: programs in bench/peers, built or installed into the cache by the clients of their own ecosystems, and
 * skipped with a word where those are missing. Each prints one line, {"seconds": …, answers…}, and the answers are checked here.
 */
import type { Measurement, Scale } from "./row.ts";
import { bytewax } from "./peer/bytewax.ts";
import { flink } from "./peer/flink.ts";
import { timely } from "./peer/timely.ts";

export interface PeerContestant {
  /** "timely, 2 workers" */
  readonly name: string;
  readonly missing?: string;
  run(): Promise<Measurement>;
}
export interface Peer {
  readonly name: string;
  /** Why it can't run here; undefined when it can. Installs what is missing, once. */
  prepare(): Promise<string | undefined>;
  /** By row and number of workers. */
  contestants(row: string, scale: Scale): PeerContestant[];
}

const peers: readonly Peer[] = [timely, flink, bytewax];

export async function peersFor(row: string, scale: Scale, preparing: (what: string) => void): Promise<PeerContestant[]> {
  const all: PeerContestant[] = [];
  for (const peer of peers) {
    const contestants = peer.contestants(row, scale);
    if (contestants.length === 0) continue;
    preparing(`${peer.name} is being built: a minute or two, the first time`);
    const missing = await peer.prepare();
    all.push(...contestants.map((contestant) => (missing === undefined ? contestant : { ...contestant, missing })));
  }
  return all;
}
