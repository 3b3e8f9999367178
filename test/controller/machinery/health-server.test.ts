import { expect, test } from "vitest";
import { createMetrics, serveHealth } from "../../../controller/machinery/index.ts";

test("tells health, readiness and metrics, with every series there from the start", async () => {
  const metrics = createMetrics({ process: false });
  let why: string | undefined = "2 caches are not filled yet";
  const server = await serveHealth({ port: 0, host: "127.0.0.1", registry: metrics.registry, ready: () => why });
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [response.status, await response.text()] as const;
  };
  try {
    expect(await get("/healthz")).toEqual([200, "ok\n"]);
    expect(await get("/readyz")).toEqual([503, "2 caches are not filled yet\n"]);
    why = undefined;
    expect(await get("/readyz")).toEqual([200, "ok\n"]);
    expect((await get("/nothing"))[0]).toBe(404);
    const [, text] = await get("/metrics");
    for (const series of [
      'controller_runtime_reconcile_total{controller="dataflow",result="error"} 0',
      'controller_runtime_reconcile_errors_total{controller="dataflow"} 0',
      'workqueue_depth{name="dataflow"} 0',
      'workqueue_retries_total{name="dataflow"} 0',
    ])
      expect(text).toContain(series);
  } finally {
    await server.close();
  }
});
