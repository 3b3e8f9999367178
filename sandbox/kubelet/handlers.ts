/** What probes and lifecycle hooks do: a command, an HTTP request, a TCP connection, a pause. */
import { spawn } from "node:child_process";
import * as http from "node:http";
import * as https from "node:https";
import { connect } from "node:net";
import { pause, type Container, type Handler } from "../client/index.ts";

export interface HandlerContext {
  readonly container: Container;
  readonly podIP: string;
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly rewrite: (text: string) => string;
  readonly locate: (address: string, port: number) => { host: string; port: number };
}

/** A probe's answer; `refused` says that nobody was there yet, as opposed to somebody who said no. */
export interface HandlerResult {
  readonly ok: boolean;
  readonly message: string;
  readonly refused?: boolean;
}

function portOf(container: Container, port: number | string): number {
  const number =
    typeof port === "number" ? port : (container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port));
  if (!Number.isInteger(number)) throw new Error(`the container has no port named ${JSON.stringify(port)}`);
  return number;
}

const refusal = (error: NodeJS.ErrnoException): HandlerResult => ({
  ok: false,
  message: error.message,
  refused: error.code === "ECONNREFUSED" || error.code === "EADDRNOTAVAIL",
});

function runCommand(command: readonly string[], context: HandlerContext, timeoutMs: number): Promise<HandlerResult> {
  const [program, ...words] = command.map(context.rewrite);
  if (program === undefined) return Promise.resolve({ ok: false, message: "no command" });
  return new Promise((done) => {
    const child = spawn(program, words, { cwd: context.cwd, env: context.env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer): void => void (output.length < 4096 && (output += chunk.toString("utf8")));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    };
    const timer = setTimeout(() => {
      kill();
      done({ ok: false, message: `command timed out after ${timeoutMs / 1000}s: ${command.join(" ")}` });
    }, timeoutMs);
    child.once("error", (error) => {
      clearTimeout(timer);
      done({ ok: false, message: error.message });
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      kill();
      done({
        ok: code === 0,
        message: output.trim() === "" ? `command ended with ${signal ?? `exit code ${code}`}` : output.trim(),
      });
    });
  });
}

function requestHttp(
  action: NonNullable<Handler["httpGet"]>,
  context: HandlerContext,
  timeoutMs: number,
  kind: string,
): Promise<HandlerResult> {
  const at = context.locate(action.host ?? context.podIP, portOf(context.container, action.port));
  const secure = action.scheme?.toUpperCase() === "HTTPS";
  const headers: Record<string, string> = { "user-agent": "kube-probe/1.35", accept: "*/*", connection: "close" };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return new Promise((done) => {
    const options = { ...at, path: action.path ?? "/", headers, agent: false as const, timeout: timeoutMs };
    const answered = (answer: http.IncomingMessage): void => {
      answer.resume();
      const code = answer.statusCode ?? 0;
      done({ ok: code >= 200 && code < 400, message: `HTTP ${kind} failed with statuscode: ${code}` });
    };
    const request = secure ? https.get({ ...options, rejectUnauthorized: false }, answered) : http.get(options, answered);
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1000}s`)), timeoutMs);
    request.once("error", (error) => done(refusal(error)));
    request.once("close", () => clearTimeout(timer));
  });
}

function openTcp(action: NonNullable<Handler["tcpSocket"]>, context: HandlerContext, timeoutMs: number): Promise<HandlerResult> {
  const at = context.locate(action.host ?? context.podIP, portOf(context.container, action.port));
  return new Promise((done) => {
    const socket = connect(at);
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs / 1000}s`)), timeoutMs);
    socket.once("connect", () => {
      socket.destroy();
      done({ ok: true, message: "" });
    });
    socket.once("error", (error) => done(refusal(error)));
    socket.once("close", () => clearTimeout(timer));
  });
}

/** Never throws: what goes wrong is a failed result. `kind` words the message: `probe`, `lifecycle hook`. */
export async function runHandler(
  handler: Handler,
  context: HandlerContext,
  timeoutMs: number,
  kind: string,
): Promise<HandlerResult> {
  try {
    if (handler.exec !== undefined) return await runCommand(handler.exec.command ?? [], context, timeoutMs);
    if (handler.httpGet !== undefined) return await requestHttp(handler.httpGet, context, timeoutMs, kind);
    if (handler.tcpSocket !== undefined) return await openTcp(handler.tcpSocket, context, timeoutMs);
    if (handler.sleep !== undefined) {
      await pause(handler.sleep.seconds * 1000);
      return { ok: true, message: "" };
    }
    return { ok: false, message: `this kind of ${kind} is not supported here: ${Object.keys(handler).join(", ")}` };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}
