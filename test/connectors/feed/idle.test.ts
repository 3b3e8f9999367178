/** A server that is silent holds up nobody: while a part waits for it, epochs close and snapshots are taken with its position. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { serverSentEventsSource } from "../../../runtime/connectors/sse/index.ts";
import { webSocketSource } from "../../../runtime/connectors/websocket/index.ts";
import { Dataflow, type Source } from "../../../runtime/flow/api.ts";
import { runMain, testSink } from "../../../runtime/testing/index.ts";
import { startEventServer, stream } from "../sse/event-server.ts";
import { startMessageServer } from "../websocket/message-server.ts";

async function snapshotsWhileIdle(source: Source<unknown>, end: () => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "weir-idle-"));
  const out: unknown[] = [];
  const flow = new Dataflow("idle");
  flow.input("in", source).output("out", testSink(out));
  const running = runMain(flow, { epochMs: 10, recovery: { store: `file://${directory}`, snapshotMs: 20, partitions: 4 } });
  const epochs = new Set<number>();
  const manifest = join(directory, "manifest.json");
  while (epochs.size < 4) {
    if (out.length > 0 && existsSync(manifest)) {
      const { snapshots } = JSON.parse(readFileSync(manifest, "utf8")) as { snapshots: { epoch: number }[] };
      if (snapshots.length > 0) epochs.add(snapshots.at(-1)!.epoch);
    }
    await sleep(5);
  }
  end();
  await running;
  expect(out).toHaveLength(1);
  rmSync(directory, { recursive: true });
}

test("server-sent events", { timeout: 20_000 }, async () => {
  let open: ServerResponse | undefined;
  const server = await startEventServer((response, request) => {
    if (request > 1) return void response.writeHead(204).end();
    open = response;
    stream(response, "id: 1\ndata: only\n\n", false);
  });
  await snapshotsWhileIdle(serverSentEventsSource({ url: server.url, retryMs: 1 }), () => open!.end());
  await server.close();
});

test("WebSockets", { timeout: 20_000 }, async () => {
  let open: WebSocket | undefined;
  const server = await startMessageServer((socket) => {
    open = socket;
    socket.send("only");
  });
  await snapshotsWhileIdle(webSocketSource({ url: server.url, endsOn: () => true }), () => open!.close(1_000));
  await server.close();
});
