/**
 * What a worker process serves: /livez /readyz /metrics /status to everybody, and with the mesh token POST /snapshot /drain
 * /rescale and GET /state/<step>/<key>. The public contract is `WorkerStatus` and its neighbours.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { isWeirError, WeirError } from "../../errors/index.ts";
import type { Process } from "../../execution/index.ts";
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
  /** The value of a key of a keyed step: undefined when there is none. */
  readonly readState: (step: string, key: string) => Promise<unknown>;
  /** Called after a drain was answered: the process leaves. */
  readonly onDrained: () => void;
}

/** @throws WeirError WEIR_PORT_IN_USE */
export async function serveHttp(options: HttpOptions): Promise<{ readonly port: number; close(): Promise<void> }> {
  const app = fastify({ logger: false, forceCloseConnections: true });
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
  return { port: typeof address === "object" && address !== null ? address.port : options.port, close: () => app.close() };
}

const readyPhases = new Set(["running", "rescaling", "standby", "completed"]);

function addRoutes(app: FastifyInstance, options: HttpOptions): void {
  const { process, status } = options;
  const metrics = createMetrics(options.flow, status);

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
    const processes = (request.body as { processes?: unknown } | null)?.processes;
    if (typeof processes !== "number")
      return reply.code(400).send({ code: "WEIR_USAGE", message: 'the body must be {"processes": <number>}' });
    return answer(reply, () => process.rescale(processes));
  });
  app.get("/state/:step/:key", guarded, async (request, reply) => {
    const { step, key } = request.params as { step: string; key: string };
    const value = await options.readState(step, key);
    return value === undefined ? reply.code(404).send({ reason: `step "${step}" keeps nothing for this key` }) : { value };
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
