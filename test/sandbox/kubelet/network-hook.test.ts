/** The hook in real Node processes, without a kubelet: the tables are written by hand. */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const hook = pathToFileURL(join(import.meta.dirname, "../../../sandbox/kubelet/network-hook.mjs")).href;

/** The Node this runs on, and the one that PATH has beside it, which may be older. */
function nodes(): [string, string][] {
  const found = new Map<string, string>([[process.version, process.execPath]]);
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    try {
      const program = join(folder, "node");
      const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
      if (!found.has(version) && Number(version.slice(1).split(".")[0]) >= 20) found.set(version, program);
    } catch {
      continue;
    }
  }
  return [...found];
}

describe.each(nodes())("the network hook in Node %s", (_version, node) => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "network-hook-"));
    mkdirSync(join(directory, "listeners"));
    const web = { addresses: ["127.77.1.1", "127.77.1.2"], pods: { "web-0": "127.77.1.1", "web-1": "127.77.1.2" } };
    const services = {
      "default/web": web,
      "default/front": { addresses: ["127.77.1.1"], pods: {}, ports: { "80": 8080 } },
      "default/empty": { addresses: [], pods: {} },
      "other/web": { addresses: ["127.77.9.9"], pods: {} },
    };
    writeFileSync(join(directory, "hosts.json"), JSON.stringify({ services }));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const inPod = async (code: string, mode = "addresses", podIP = "127.77.1.1"): Promise<unknown> => {
    const { stdout } = await run(node, ["--input-type=module", "-e", code], {
      timeout: 10_000,
      env: {
        PATH: process.env["PATH"],
        NODE_OPTIONS: `--import=${hook}`,
        SANDBOX_NETWORK: directory,
        SANDBOX_NETWORK_MODE: mode,
        SANDBOX_POD_IP: podIP,
        SANDBOX_POD_NAMESPACE: "default",
        SANDBOX_POD_HOSTNAME: "web-0",
      },
    });
    return JSON.parse(stdout);
  };

  it("answers names as cluster DNS does", async () => {
    const names = [
      "web-1.web",
      "web-1.web.default",
      "web-1.web.default.svc",
      "WEB-1.web.default.svc.cluster.local.",
      "web.other",
      "front",
      "web-0",
    ];
    const code = `import { lookup } from "node:dns/promises";
      console.log(JSON.stringify(await Promise.all(${JSON.stringify(names)}.map(async (name) => (await lookup(name)).address))));`;
    expect(await inPod(code)).toEqual([
      "127.77.1.2",
      "127.77.1.2",
      "127.77.1.2",
      "127.77.1.2",
      "127.77.9.9",
      "127.77.1.1",
      "127.77.1.1",
    ]);
  });

  it("says at once that a name of the cluster is not there", async () => {
    const code = `import dns from "node:dns";
      const ask = (name, options) => new Promise((done) => dns.lookup(name, options, (error, address) => done(error?.code ?? address)));
      console.log(JSON.stringify([await ask("web-7.web", {}), await ask("nothing.default.svc", {}), await ask("empty", {}), await ask("web", 6), await ask("127.0.0.1", {}), (await ask("web", { all: true })).length]));`;
    expect(await inPod(code)).toEqual(["ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "127.0.0.1", 2]);
  });

  it("reports the pod's own name as the host's", async () => {
    expect(await inPod(`import { hostname } from "node:os"; console.log(JSON.stringify(hostname()));`)).toBe("web-0");
  });

  // Two servers of one pod, one of another, all on ports of their own choice; fetch and http find them.
  const ports = `
    import { createServer, get } from "node:http";
    import { readdirSync } from "node:fs";
    const listen = (server, ...where) => new Promise((done) => server.listen(...where, done));
    const server = createServer((request, response) => response.end("mine"));
    await listen(server, 8080);
    const at = server.address();
    const texts = [];
    for (const url of ["http://localhost:8080/", "http://127.0.0.1:8080/", "http://127.77.1.1:8080/", "http://web-0.web:8080/", "http://front/"]) texts.push(await (await fetch(url)).text());
    texts.push(await new Promise((done) => get({ host: "web-0.web", port: 8080, agent: false }, (answer) => answer.setEncoding("utf8").on("data", done))));
    const second = createServer();
    const taken = await new Promise((done) => second.on("error", (error) => done(error.code)).listen(8080, "0.0.0.0", () => done("listens")));
    const refused = await fetch("http://web-1.web:8080/").then(() => "answered", (error) => error.cause.code);
    const during = readdirSync(process.env.SANDBOX_NETWORK + "/listeners");
    await new Promise((done) => { server.closeAllConnections(); server.close(done); });
    console.log(JSON.stringify({ address: at.address, port: at.port, texts, taken, refused, during, after: readdirSync(process.env.SANDBOX_NETWORK + "/listeners") }));`;

  it.each(process.platform === "linux" ? ["addresses", "mapped"] : ["mapped"])(
    "gives a pod ports and a localhost of its own (%s)",
    async (mode) => {
      expect(await inPod(ports, mode)).toEqual({
        address: "127.77.1.1",
        port: 8080,
        texts: ["mine", "mine", "mine", "mine", "mine", "mine"],
        taken: "EADDRINUSE",
        refused: "ECONNREFUSED",
        during: ["127.77.1.1_8080"],
        after: [],
      });
    },
  );

  it.each(["addresses", "mapped"])("leaves what the machine itself serves on 127.0.0.1 reachable (%s)", async (mode) => {
    const server = createServer((socket) => socket.end("machine"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const code = `import { connect } from "node:net";
      connect(${port}, "localhost").setEncoding("utf8").on("data", (text) => console.log(JSON.stringify(text)));`;
    expect(await inPod(code, mode)).toBe("machine");
    server.close();
  });

  it("does nothing to a process that is in no pod", async () => {
    const { stdout } = await run(
      node,
      [
        "-e",
        "console.log(require('net').Server.prototype.listen.toString().includes('listenOptions'), require('dns').lookup.name)",
      ],
      {
        env: { PATH: process.env["PATH"], NODE_OPTIONS: `--import=${hook}` },
      },
    );
    expect(stdout.trim()).toBe("false lookup");
    expect(readFileSync(new URL(hook), "utf8")).not.toMatch(/from "(?!node:)/);
  });
});
