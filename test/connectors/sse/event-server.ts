/** A server of events on loopback that does as each test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface EventServer {
  readonly url: string;
  /** Headers of each request, in order. */
  readonly requests: IncomingHttpHeaders[];
  /** When each came. */
  readonly times: number[];
  close(): Promise<void>;
}
export type Answer = (response: ServerResponse, request: number, headers: IncomingHttpHeaders) => void;

export async function startEventServer(answer: Answer): Promise<EventServer> {
  const requests: IncomingHttpHeaders[] = [];
  const times: number[] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers);
    times.push(performance.now());
    answer(response, requests.length, request.headers);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    requests,
    times,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function stream(response: ServerResponse, text: string, end = true): void {
  response.writeHead(200, { "content-type": "text/event-stream;charset=utf-8" });
  response.write(text);
  if (end) response.end();
}

/** Events 1 to `last`, from behind the id that the client has seen, at most `each` per connection; then there is no more. */
export function counting(last: number, each: number): Answer {
  return (response, _request, headers) => {
    const seen = Number(headers["last-event-id"] ?? 0);
    if (seen >= last) return void response.writeHead(204).end();
    let text = "retry: 1\n\n";
    for (let id = seen + 1; id <= Math.min(last, seen + each); id++) text += `id: ${id}\ndata: ${id}\n\n`;
    stream(response, `${text}data: never whole`);
  };
}
