/**
 * What a worker process serves: /livez /readyz /metrics /status to everybody, and with the mesh token POST /snapshot /drain
 * /rescale and GET /state/<step>/<key>. The public contract is `WorkerStatus` and its neighbours.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { isWeirError, WeirError } from "../../errors/index.ts";
import type { Process } from "../../execution/index.ts";
import { toJson } from "../json-value.ts";
import type { StatusReader } from "../status.ts";
import { createMetrics } from "./metrics.ts";
import { bearerMatches } from "./token.ts";

export interface HttpOptions {
  readonly flow: string;
  readonly process: Process;
  readonly status: StatusReader;
  /** Requests that change something need it; without a token they are refused. */
  readonly token: string | undefined;
  readonly host: string | undefined;
  readonly port: number;
  /** Called after a drain was answered: the process leaves. */
  readonly onDrained: () => void;
}

/** @throws WeirError WEIR_PORT_IN_USE */
export async function serveHttp(options: HttpOptions): Promise<{ readonly port: number; close(): Promise<void> }> {
  // Keys are parts of a path, and may be long.
  const app = fastify({ logger: false, forceCloseConnections: true, routerOptions: { maxParamLength: 8192 } });
  const answers = countAnswers(app);
  addRoutes(app, options);
  try {
    await app.listen({ port: options.port, host: options.host ?? "0.0.0.0" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new WeirError("WEIR_PORT_IN_USE", `port ${options.port} is in use by another program (the status server wants it)`, {
      cause: error,
    });
  }
  const address = app.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    async close() {
      // Whoever asked for a drain is told how it went, though that ends the process.
      await answers.settled(lastAnswersMs);
      await app.close();
    },
  };
}

/** How long the answers to requests that are under way may hold up the end, in milliseconds. */
const lastAnswersMs = 1000;

function countAnswers(app: FastifyInstance): { settled(ms: number): Promise<void> } {
  let open = 0;
  let wake: () => void = () => {};
  app.addHook("onRequest", async () => void open++);
  // Fastify tells async hooks by their number of parameters: one for an aborted request.
  const answered = async (_request: unknown): Promise<void> => {
    open--;
    if (open === 0) wake();
  };
  app.addHook("onResponse", answered);
  app.addHook("onRequestAbort", answered);
  return {
    settled(ms) {
      if (open === 0) return Promise.resolve();
      return new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, ms);
      });
    },
  };
}

const readyPhases = new Set(["running", "rescaling", "standby", "completed"]);

function addRoutes(app: FastifyInstance, options: HttpOptions): void {
  const { process, status } = options;
  const metrics = createMetrics(options.flow, status);
  app.addHook("onClose", async () => metrics.close());

  app.get("/livez", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const { phase, error } = process.status();
    if (readyPhases.has(phase)) return { status: "ok" };
    return reply.code(503).send({ reason: error === undefined ? `the worker is ${phase}` : error.message });
  });
  app.get("/status", () => status.read());
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));

  const guarded = { preHandler: async (request: FastifyRequest, reply: FastifyReply) => authorise(request, reply, options.token) };
  app.post("/snapshot", guarded, (_request, reply) => answer(reply, () => process.snapshot()));
  app.post("/drain", guarded, (_request, reply) =>
    answer(reply, async () => {
      const result = await process.drain();
      setImmediate(options.onDrained);
      return result;
    }),
  );
  app.post("/rescale", guarded, (request, reply) => {
    const processes = (request.body as { processes?: unknown } | null | undefined)?.processes;
    if (typeof processes !== "number" || !Number.isInteger(processes) || processes < 1)
      return reply.code(400).send({ code: "WEIR_USAGE", message: 'the body must be {"processes": <whole number from 1>}' });
    return answer(reply, () => process.rescale(processes));
  });
  // Any process answers for any key: one that it does not own is asked of its owner.
  app.get("/state/:step/:key", guarded, async (request, reply) => {
    const { step, key } = request.params as { step: string; key: string };
    try {
      const value = await process.readState(step, key);
      if (value !== undefined) return { value: toJson(value) };
      return await reply.code(404).send({ reason: `step "${step}" keeps nothing for this key` });
    } catch (error) {
      if (!isWeirError(error)) throw error;
      return reply.code(503).send({ reason: error.message });
    }
  });
}

async function authorise(request: FastifyRequest, reply: FastifyReply, token: string | undefined): Promise<void> {
  if (token !== undefined && bearerMatches(request.headers.authorization, token)) return;
  await reply.code(401).send({ reason: "this request needs the flow's token" });
}

async function answer(reply: FastifyReply, act: () => Promise<unknown>): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    if (!isWeirError(error)) throw error;
    const conflict = error.code === "WEIR_RESCALE_REFUSED" || error.code === "WEIR_EXECUTION_ENDED";
    return reply.code(conflict ? 409 : 500).send({ code: error.code, message: error.message });
  }
}
