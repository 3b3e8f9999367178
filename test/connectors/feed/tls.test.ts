/** Servers with TLS are read where their certificate's authority is trusted, and nowhere else. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { serverSentEventsSource } from "../../../runtime/connectors/sse/index.ts";
import { webSocketSource } from "../../../runtime/connectors/websocket/index.ts";
import type { PartitionedSource } from "../../../runtime/flow/source.ts";

const read = (file: string): string => readFileSync(new URL(`certificate/${file}`, import.meta.url), "utf8");
const cert = read("tls.crt");
const trusted = getCACertificates("default");
let server: Server;
let place: string;
beforeEach(async () => {
  server = createServer({ cert, key: read("tls.key") }, (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: an event\n\n");
  });
  new WebSocketServer({ server }).on("connection", (socket) => socket.send("a message"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  setDefaultCACertificates(trusted);
  server.close();
  server.closeAllConnections();
});

async function first<P>(source: PartitionedSource<unknown, P>): Promise<unknown[]> {
  const [name] = [...(await source.listParts())];
  const part = await source.buildPart(name!, undefined);
  try {
    return [...((await part.nextBatch()) ?? [])];
  } finally {
    await part.close?.();
  }
}
const patience = { retryMs: 1, giveUpMs: 50 };
const untrusted = {
  code: "WEIR_SOURCE_FAILED",
  message: expect.stringMatching(/no connection for 50 ms.*self-signed certificate/),
};

test("wss: a message comes where the authority is trusted, and no connection is made where it is not", async () => {
  const source = () => webSocketSource({ url: `wss://${place}/`, ...patience });
  await expect(first(source())).rejects.toMatchObject(untrusted);
  setDefaultCACertificates([...trusted, cert]);
  expect(await first(source())).toEqual(["a message"]);
});

test("https: an event comes where the authority is trusted, and no connection is made where it is not", async () => {
  const source = () => serverSentEventsSource({ url: `https://${place}/`, decode: ({ data }) => data, ...patience });
  await expect(first(source())).rejects.toMatchObject(untrusted);
  setDefaultCACertificates([...trusted, cert]);
  expect(await first(source())).toEqual(["an event"]);
});
