/**
 * What two processes tell each other when they connect, in a header of the upgrade and of its answer, and what they conclude
 * from it. A peer is refused when it belongs to another flow, topology or execution; a link that was only interrupted is
 * resumed without looking at executions, because its frames carry theirs.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { LinkState } from "./link.ts";

export const protocol = "weir-mesh-1";

export interface Hello extends LinkState {
  readonly protocol: string;
  readonly flow: string;
  readonly process: number;
  /** The execution that the sender is in; 0 = none. */
  readonly execution: number;
  readonly processes: number;
  readonly threads: number;
}

/** The answer to a hello that was accepted. */
export interface Welcome {
  readonly link: number;
  readonly resume: boolean;
  readonly received: number;
}

export type RefusalKind = "token" | "protocol" | "flow" | "process" | "topology" | "execution" | "leaving";
export interface Refusal {
  readonly kind: RefusalKind;
  readonly reason: string;
  /** The execution of the one who refuses. */
  readonly execution: number;
}

/** Compares in constant time, whatever the lengths. */
export function sameToken(given: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given ?? ""), digest(`Bearer ${token}`));
}

export function pack(value: Hello | Welcome): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

export function unpackHello(header: string | string[] | undefined): Hello | undefined {
  const value = unpack(header);
  const numbers = ["process", "execution", "processes", "threads", "link", "peerLink", "received"];
  if (value === undefined || typeof value["protocol"] !== "string" || typeof value["flow"] !== "string") return undefined;
  return numbers.every((name) => isCount(value[name])) ? (value as unknown as Hello) : undefined;
}

export function unpackWelcome(header: string | string[] | undefined): Welcome | undefined {
  const value = unpack(header);
  return value !== undefined && isCount(value["link"]) && isCount(value["received"]) && typeof value["resume"] === "boolean"
    ? (value as unknown as Welcome)
    : undefined;
}

export function unpackRefusal(body: string): Refusal | undefined {
  try {
    const value = JSON.parse(body) as Partial<Refusal> | null;
    return typeof value?.kind === "string" && typeof value.reason === "string" && isCount(value.execution)
      ? (value as Refusal)
      : undefined;
  } catch {
    return undefined;
  }
}

function unpack(header: string | string[] | undefined): Record<string, unknown> | undefined {
  if (typeof header !== "string" || header.length > 4096) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64url").toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether `hello` may have a link with the process that says `own`; undefined = it may. */
export function refusalOf(hello: Hello, own: Hello, resumes: boolean): Refusal | undefined {
  const refuse = (kind: RefusalKind, reason: string): Refusal => ({ kind, reason, execution: own.execution });
  if (hello.protocol !== own.protocol)
    return refuse("protocol", `process ${own.process} speaks ${own.protocol}, not ${hello.protocol}`);
  if (hello.flow !== own.flow) return refuse("flow", `process ${own.process} runs the flow "${own.flow}", not "${hello.flow}"`);
  if (hello.process <= own.process)
    return refuse("process", `process ${hello.process} does not dial process ${own.process}: is its index right?`);
  if (resumes || hello.execution === 0 || own.execution === 0) return undefined;
  if (hello.execution !== own.execution) {
    return refuse("execution", `process ${own.process} is in execution ${own.execution}, not ${hello.execution}`);
  }
  return topologyRefusal(own, hello.processes, hello.threads);
}

/** Processes of one execution must agree on who takes part in it. */
export function topologyRefusal(own: Hello, processes: number, threads: number): Refusal | undefined {
  if (processes === own.processes && threads === own.threads) return undefined;
  const shape = (one: number, other: number): string => `${one} processes of ${other} workers`;
  return {
    kind: "topology",
    reason: `process ${own.process} is one of ${shape(own.processes, own.threads)}, not of ${shape(processes, threads)}`,
    execution: own.execution,
  };
}
