/**
 * When to compact, and what: a pure function of a committed snapshot's files. The deltas of one position (one per process) are
 * a tier. A wave replaces the newest tiers, as one merged tier, by every process for its own partitions:
 *
 *   bases   ▓▓▓▓▓▓▓▓▓▓▓▓▓▓   merged ▒▒▒▒▒▒   merged ▒▒▒   deltas ░ ░ ░ ░ ░ ░ ░ ░
 *                                                         └──────── wave ──────┘   when there are too many
 *                            └──────────────────── wave, into bases where it pays ─┘   when the newer outgrow the older
 *
 * Tiers grow geometrically, as in a log-structured merge tree, so a byte is merged about log(state / delta) times before
 * it goes into a base, and a base is rewritten only when a quarter of it has changed. Files of a snapshot stay below
 * (partitions + 1) + processes × `maxTiers`. In simulated long runs a changed row is written 1.2 to 6 times in all, least when each
 * snapshot changes much of the state, and a resume reads at most three times the state (six when the state is tiny).
 */
import { comparePositions, isDelta } from "../names.ts";
import { nameOf } from "../merge-files.ts";
import type { DroppedStep, Snapshot, SnapshotFile } from "../types.ts";

export interface CompactionOptions {
  /** Tiers that may gather before the newest are merged; default 8. */
  readonly tiers?: number | undefined;
  /** Tiers after which all are merged, whatever their sizes; default 20. */
  readonly maxTiers?: number | undefined;
  /** An older tier joins a wave when it has at most this many times the bytes of all newer ones; default 2. */
  readonly growth?: number | undefined;
  /** A wave that does not reach the oldest tier needs this many to pay; default 4. */
  readonly worthwhile?: number | undefined;
  /** Deltas may be this many times the bytes of all bases before they are merged at once; default 2. */
  readonly ratio?: number | undefined;
  /** Below this many bytes of deltas their share of the bases does not matter; default 64 MiB. */
  readonly floorBytes?: number | undefined;
}
/** Plain data: it travels to all processes. */
export interface CompactionPlan {
  /** The position of what the wave writes: that of the snapshot it was planned on. */
  readonly execution: number;
  readonly epoch: number;
  /** Deltas that the wave's results replace; without gaps up to the newest. */
  readonly replaces: readonly SnapshotFile[];
  /** The bases of the snapshot. */
  readonly bases: readonly SnapshotFile[];
  /** Whether all deltas are in `replaces`: partitions may get new bases. */
  readonly whole: boolean;
  readonly dropped?: readonly DroppedStep[];
}

/** @returns undefined when nothing needs to be done. A position is planned at most once: plan right after a commit. */
export function planCompaction(snapshot: Snapshot, options: CompactionOptions = {}): CompactionPlan | undefined {
  const { tiers: most = 8, maxTiers = 20, growth = 2, worthwhile = 4, ratio = 2, floorBytes = 64 * 1024 * 1024 } = options;
  const bases = snapshot.files.filter((file) => !isDelta(file.path));
  const tiers = tiersOf(snapshot.files);
  const total = tiers.reduce((sum, tier) => sum + tier.bytes, 0);
  const outgrown = tiers.length > 1 && total > Math.max(floorBytes, ratio * sizeOf(bases));
  if (tiers.length <= most && !outgrown) return undefined;

  let first = tiers.length - 1;
  let newer = (tiers[first] as Tier).bytes;
  while (first > 0 && (tiers[first - 1] as Tier).bytes <= growth * newer) {
    first -= 1;
    newer += (tiers[first] as Tier).bytes;
  }
  if (outgrown || tiers.length > maxTiers) first = 0;
  if (first > 0 && tiers.length - first < worthwhile) return undefined;
  const { execution, epoch, dropped } = snapshot;
  return {
    execution,
    epoch,
    replaces: tiers.slice(first).flatMap((tier) => tier.files),
    bases,
    whole: first === 0,
    ...(dropped === undefined ? {} : { dropped }),
  };
}

interface Tier {
  readonly files: SnapshotFile[];
  bytes: number;
}

/** Oldest first. */
function tiersOf(files: readonly SnapshotFile[]): Tier[] {
  const deltas = files.filter((file) => isDelta(file.path)).map((file) => ({ file, name: nameOf(file) }));
  const tiers: Tier[] = [];
  let last: (typeof deltas)[number] | undefined;
  for (const entry of deltas.toSorted((a, b) => comparePositions(a.name, b.name))) {
    if (last === undefined || comparePositions(last.name, entry.name) !== 0) tiers.push({ files: [], bytes: 0 });
    const tier = tiers.at(-1) as Tier;
    tier.files.push(entry.file);
    tier.bytes += entry.file.bytes;
    last = entry;
  }
  return tiers;
}
function sizeOf(files: readonly SnapshotFile[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}
