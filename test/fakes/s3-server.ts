/**
 * A small S3 on loopback, honest about conditions: PUT with If-Match and If-None-Match, GET, HEAD, DELETE, DeleteObjects and
 * ListObjectsV2 with pages. Any bucket exists, any signature will do; what it does not know answers 501. Faults on request.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type S3Operation = "PutObject" | "GetObject" | "HeadObject" | "DeleteObject" | "DeleteObjects" | "ListObjectsV2";
/** `cut` applies the request and cuts the connection instead of answering; `cut-before` only cuts. `stall` applies nothing and never answers. */
export type S3Fault = "500" | "503" | "500-after" | "cut" | "cut-before" | "stall" | "409" | { readonly slowMs: number };
export interface S3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
}
export interface FakeS3 {
  readonly endpoint: string;
  /** By "bucket/key". */
  readonly objects: Map<string, { bytes: Buffer; etag: string }>;
  readonly requests: S3Request[];
  /** Asked once for each request. */
  fault: ((request: S3Request, index: number) => S3Fault | undefined) | undefined;
  /** Keys per page of a listing; 1,000 as in S3. */
  pageSize: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export async function startFakeS3(): Promise<FakeS3> {
  const objects: FakeS3["objects"] = new Map();
  const requests: S3Request[] = [];
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const fake: FakeS3 = {
    endpoint: "",
    objects,
    requests,
    fault: undefined,
    pageSize: 1000,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? "/", "http://s3");
    const [bucket = "", ...rest] = decodeURIComponent(url.pathname).slice(1).split("/");
    const operation = operationOf(incoming.method ?? "", rest.join("/"), url.searchParams);
    if (operation === undefined) {
      send(response, failure(501, "NotImplemented"));
      return;
    }
    const request = { operation, bucket, key: rest.join("/") };
    requests.push(request);
    const fault = fake.fault?.(request, requests.length - 1);
    if (fault === "cut-before") return void response.destroy();
    if (fault === "stall") return;
    if (fault === "500") return send(response, failure(500, "InternalError"));
    if (fault === "503") return send(response, failure(503, "SlowDown"));
    if (fault === "409") return send(response, failure(409, "ConditionalRequestConflict"));
    const answer = handle(request, incoming, url.searchParams, Buffer.concat(chunks));
    if (fault === "cut") return void response.destroy();
    if (fault === "500-after") return send(response, failure(500, "InternalError"));
    if (typeof fault === "object") await new Promise((resolve) => setTimeout(resolve, fault.slowMs));
    send(response, answer);
  }

  function handle(
    { operation, bucket, key }: S3Request,
    { headers }: IncomingMessage,
    query: URLSearchParams,
    body: Buffer,
  ): Answer {
    const path = `${bucket}/${key}`;
    const found = objects.get(path);
    switch (operation) {
      case "PutObject": {
        if (headers["if-none-match"] === "*" && found !== undefined) return failure(412, "PreconditionFailed");
        if (headers["if-match"] !== undefined) {
          if (found === undefined) return failure(404, "NoSuchKey");
          if (headers["if-match"] !== found.etag) return failure(412, "PreconditionFailed");
        }
        const etag = `"${createHash("md5").update(body).digest("hex")}"`;
        objects.set(path, { bytes: body, etag });
        return { status: 200, headers: { etag } };
      }
      case "GetObject":
      case "HeadObject":
        if (found === undefined) return failure(404, "NoSuchKey");
        return {
          status: 200,
          headers: { etag: found.etag, "content-length": String(found.bytes.length) },
          body: operation === "GetObject" ? found.bytes : "",
        };
      case "DeleteObject":
        objects.delete(path);
        return { status: 204 };
      case "DeleteObjects":
        for (const [, name] of body.toString().matchAll(/<Key>(.*?)<\/Key>/g))
          objects.delete(`${bucket}/${unescapeXml(name as string)}`);
        return { status: 200, body: `<?xml version="1.0"?><DeleteResult></DeleteResult>` };
      case "ListObjectsV2":
        return list(bucket, query);
    }
  }
  function list(bucket: string, query: URLSearchParams): Answer {
    const prefix = `${bucket}/${query.get("prefix") ?? ""}`;
    const after = query.get("continuation-token");
    const names = [...objects.keys()].filter((path) => path.startsWith(prefix)).map((path) => path.slice(bucket.length + 1));
    const rest = names.toSorted().filter((name) => after === null || name > Buffer.from(after, "base64").toString());
    const page = rest.slice(0, fake.pageSize);
    const truncated = rest.length > page.length;
    const contents = page.map(
      (name) => `<Contents><Key>${escapeXml(name)}</Key><Size>${objects.get(`${bucket}/${name}`)!.bytes.length}</Size></Contents>`,
    );
    const next = truncated ? `<NextContinuationToken>${Buffer.from(page.at(-1)!).toString("base64")}</NextContinuationToken>` : "";
    return {
      status: 200,
      body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>${truncated}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
    };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(fake, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function operationOf(method: string, key: string, query: URLSearchParams): S3Operation | undefined {
  if (method === "POST" && query.has("delete")) return "DeleteObjects";
  if (method === "GET" && key === "" && query.get("list-type") === "2") return "ListObjectsV2";
  if (key === "") return undefined;
  return ({ PUT: "PutObject", GET: "GetObject", HEAD: "HeadObject", DELETE: "DeleteObject" } as const)[method as "PUT"];
}
function failure(status: number, code: string): Answer {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} by the fake</Message></Error>` };
}
function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/xml", "x-amz-request-id": "fake", ...headers });
  response.end(body);
}
const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] as string);
}
function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
