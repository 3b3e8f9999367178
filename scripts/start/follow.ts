/**
 * Follows the flow until it is complete, in place on a terminal and as plain lines elsewhere, and kills one worker half-way.
 * Returns the report: what happened, when, and how long no output appeared.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { resources } from "../../sandbox/client/index.ts";
import { dataflows, type WeirSandbox } from "../../cli/weir-sandbox.ts";
import type { Dataflow, Pod } from "./types.ts";
import { workerProcess } from "./workers.ts";

const plainEveryMs = 2000;
const limitMs = 5 * 60_000;

export interface FollowOptions {
  readonly name: string;
  readonly kill: boolean;
  readonly say: (line: string) => void;
}

interface WorkerReading {
  readonly process: number;
  readonly phase: string;
  readonly execution: number;
  readonly sources: { readonly lag?: number }[];
}

export async function follow(running: WeirSandbox, options: FollowOptions): Promise<string[]> {
  const { client } = running;
  const { name, say } = options;
  const begin = performance.now();
  const seconds = (): string => ((performance.now() - begin) / 1000).toFixed(1);
  const report: string[] = [];
  const live = process.stdout.isTTY;
  let lastPhase = "";
  let lastRescale = "";
  let plainAt = 0;
  let killed: { pod: string; at: number; execution: number } | undefined;
  let recovered = false;
  let rescaledAt: number | undefined;
  let shown = 0;

  for (;;) {
    const flow = await client.get<Dataflow>(dataflows, name, "default");
    const pods = (await client.list<Pod>(resources.pods, "default", { labelSelector: `weir.dev/dataflow=${name}` })).items;
    const { status = {} } = flow;
    const readings = await readWorkers(pods);
    if (status.phase !== undefined && status.phase !== lastPhase) {
      clear();
      say(`phase ${status.phase}${conditionMessage(status)}`);
      lastPhase = status.phase;
    }
    const rescale = status.lastRescale;
    if (rescale !== undefined && rescale.time !== lastRescale && rescale.stallMilliseconds !== undefined) {
      lastRescale = rescale.time;
      rescaledAt ??= performance.now();
      const text = `rescaled from ${rescale.from} to ${rescale.to} workers (${rescale.reason ?? "asked for"}); no output for ${rescale.stallMilliseconds} ms`;
      clear();
      say(text);
      report.push(`${seconds()} s: ${text}`);
    }
    // Half-way, and on the larger set of workers: what is killed then has been rescaled before.
    const due = rescaledAt !== undefined && performance.now() - rescaledAt > 2000;
    if (
      options.kill &&
      killed === undefined &&
      status.phase === "Running" &&
      due &&
      readings.every(({ phase }) => phase === "running")
    ) {
      const victim = pods.find((pod) => pod.metadata.name.endsWith("-1"));
      const id = victim === undefined ? undefined : workerProcess(victim.metadata.name);
      if (id !== undefined) {
        process.kill(id, "SIGKILL");
        killed = { pod: victim!.metadata.name, at: performance.now(), execution: execution(readings) };
        clear();
        say(`killed worker ${killed.pod} (process ${id}) with SIGKILL`);
        report.push(`${seconds()} s: worker ${killed.pod} killed with SIGKILL`);
      }
    }
    if (
      killed !== undefined &&
      !recovered &&
      execution(readings) > killed.execution &&
      readings.length > 0 &&
      readings.every(({ phase }) => phase === "running")
    ) {
      recovered = true;
      const text = `recovered from the kill as execution ${execution(readings)}; no output for ${Math.round(performance.now() - killed.at)} ms`;
      clear();
      say(text);
      report.push(`${seconds()} s: ${text}`);
    }
    const line = describe(flow, pods, readings);
    if (live) {
      clear();
      process.stdout.write(`${line.join("\n")}\n`);
      shown = line.length;
    } else if (performance.now() - plainAt > plainEveryMs) {
      plainAt = performance.now();
      say(line.join("  |  "));
    }
    if (status.phase === "Completed") {
      clear();
      report.push(`${seconds()} s: completed`);
      if (options.kill && killed === undefined) throw new Error("the flow completed before a worker could be killed");
      return report;
    }
    if (status.phase === "Failed") throw new Error(`the flow failed${conditionMessage(status)}`);
    if (performance.now() - begin > limitMs)
      throw new Error(
        `the flow was not complete after ${limitMs / 1000} s; phase ${status.phase ?? "unknown"}${conditionMessage(status)}`,
      );
    await sleep(250);
  }

  function clear(): void {
    if (shown > 0) process.stdout.write(`\u001b[${shown}A\u001b[J`);
    shown = 0;
  }
}

async function readWorkers(pods: readonly Pod[]): Promise<WorkerReading[]> {
  const read = async (pod: Pod): Promise<WorkerReading | undefined> => {
    if (pod.status?.podIP === undefined) return undefined;
    try {
      const answer = await fetch(`http://${pod.status.podIP}:8080/status`, { signal: AbortSignal.timeout(1000) });
      return (await answer.json()) as WorkerReading;
    } catch {
      // Not up yet, or just killed.
      return undefined;
    }
  };
  return (await Promise.all(pods.map(read))).filter((reading) => reading !== undefined);
}

const execution = (readings: readonly WorkerReading[]): number => Math.max(0, ...readings.map((reading) => reading.execution));
const count = (value: number | undefined): string => (value === undefined ? "-" : Math.round(value).toLocaleString("en-US"));

function describe(flow: Dataflow, pods: readonly Pod[], readings: readonly WorkerReading[]): string[] {
  const { status = {} } = flow;
  const lag = readings.flatMap(({ sources }) => sources).reduce((sum, source) => sum + (source.lag ?? 0), 0);
  const ready = pods.filter((pod) => pod.status?.containerStatuses?.every((container) => container.ready) === true).length;
  return [
    `${flow.metadata.name} ${status.phase ?? "Pending"}: ${ready} of ${pods.length} pods ready, execution ${status.execution ?? "-"}, epoch ${status.epoch ?? "-"}`,
    `${count(status.rates?.recordsInPerSecond)} records/s, lag ${count(lag)}, last snapshot ${status.lastSnapshot === undefined ? "-" : `epoch ${status.lastSnapshot.epoch}`}, ${readings.map((reading) => reading.phase).join(" ")}`,
  ];
}

function conditionMessage(status: NonNullable<Dataflow["status"]>): string {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" || ready?.message === undefined || ready.message === "" ? "" : `: ${ready.message}`;
}
