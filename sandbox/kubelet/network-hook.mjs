/**
 * Preloaded into the Node processes of pods (NODE_OPTIONS=--import). Gives them what a pod's network gives: names of services
 * and pods, a port space and a localhost of their own. Plain JavaScript for Node 20 and newer, no imports but Node's own, and nothing at
 * all when SANDBOX_NETWORK is not set. The tables it reads are described in network-table.ts.
 */
import dns from "node:dns";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const directory = process.env.SANDBOX_NETWORK;
const podIP = process.env.SANDBOX_POD_IP;
const namespace = process.env.SANDBOX_POD_NAMESPACE ?? "default";
const hostname = process.env.SANDBOX_POD_HOSTNAME;
const mapped = process.env.SANDBOX_NETWORK_MODE === "mapped";

const loopback = new Set(["localhost", "127.0.0.1", "::1"]);
const unspecified = new Set(["", "0.0.0.0", "::", "::0"]);

let table = { services: {} };
let tableTime = -1;

/** hosts.json, read again when it was replaced. */
function services() {
  try {
    const file = path.join(directory, "hosts.json");
    const time = statSync(file).mtimeMs;
    if (time !== tableTime) {
      table = JSON.parse(readFileSync(file, "utf8"));
      tableTime = time;
    }
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  return table.services;
}

/**
 * What cluster DNS says of a name: { addresses, service } (no addresses: there is no such name), or undefined when the name is not the
 * cluster's to answer.
 */
function resolve(name) {
  let host = String(name).toLowerCase().replace(/\.$/, "");
  if (podIP && host === hostname) return { addresses: [podIP] };
  if (net.isIP(host) !== 0 || loopback.has(host)) return undefined;
  const whole = host.endsWith(".svc") || host.endsWith(".svc.cluster.local");
  host = host.replace(/\.svc(\.cluster\.local)?$/, "");
  const parts = host.split(".");
  const known = services();
  const service = (inNamespace, of) => known[`${inNamespace}/${of}`];
  const answer = (entry) => entry && { addresses: entry.addresses, service: entry };
  const answerPod = (entry, pod) => entry && { addresses: Object.hasOwn(entry.pods, pod) ? [entry.pods[pod]] : [] };
  const found =
    (parts.length === 1 && !whole && answer(service(namespace, parts[0]))) ||
    (parts.length === 2 &&
      (answer(service(parts[1], parts[0])) || (!whole && answerPod(service(namespace, parts[1]), parts[0])))) ||
    (parts.length === 3 && answerPod(service(parts[2], parts[1]), parts[0]));
  return found || (whole ? { addresses: [] } : undefined);
}

function notFound(name) {
  const error = new Error(`getaddrinfo ENOTFOUND ${name}`);
  return Object.assign(error, { errno: -3008, code: "ENOTFOUND", syscall: "getaddrinfo", hostname: name });
}

let turn = 0;

/** The result of a lookup as dns.lookup gives it; throws what it would give as an error. */
function lookupResult(name, found, options) {
  const family = options.family === "IPv6" ? 6 : options.family === "IPv4" ? 4 : (options.family ?? 0);
  if (found.addresses.length === 0 || family === 6) throw notFound(name);
  // A service's pods take turns.
  const at = found.addresses.length > 1 ? turn++ % found.addresses.length : 0;
  const addresses = [...found.addresses.slice(at), ...found.addresses.slice(0, at)].map((address) => ({ address, family: 4 }));
  return options.all ? addresses : addresses[0];
}

const normalise = (options) => (typeof options === "number" || typeof options === "string" ? { family: options } : (options ?? {}));

function patchLookup() {
  const { lookup } = dns;
  dns.lookup = function (name, options, callback) {
    const done = typeof options === "function" ? options : callback;
    const found = typeof done === "function" && name ? resolve(name) : undefined;
    if (found === undefined) return Reflect.apply(lookup, this, arguments);
    if (found.service?.externalName)
      return lookup.call(this, found.service.externalName, typeof options === "function" ? {} : options, done);
    let result, failure;
    try {
      result = lookupResult(name, found, typeof options === "function" ? {} : normalise(options));
    } catch (error) {
      failure = error;
    }
    process.nextTick(() =>
      failure ? done(failure) : Array.isArray(result) ? done(null, result) : done(null, result.address, result.family),
    );
    return {};
  };
  const { lookup: promised } = dns.promises;
  dns.promises.lookup = async function (name, options) {
    const found = name ? resolve(name) : undefined;
    if (found === undefined) return Reflect.apply(promised, this, arguments);
    if (found.service?.externalName) return promised.call(this, found.service.externalName, options);
    return lookupResult(name, found, normalise(options));
  };
}

const listenerFile = (address, port) => path.join(directory, "listeners", `${address}_${port}`);

function listener(address, port) {
  try {
    return JSON.parse(readFileSync(listenerFile(address, port), "utf8"));
  } catch {
    return undefined;
  }
}

function running(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Where a connection goes: the options, a changed copy of them, or { refused } when nobody is there. */
function route(options) {
  if (options.path || options.port === undefined) return options;
  const host = String(options.host ?? "localhost");
  const port = Number(options.port);
  const found = resolve(host);
  const targetPort = found?.service?.ports?.[port] ?? port;
  if (loopback.has(host.toLowerCase())) {
    const own = podIP && listener(podIP, port);
    // What the pod itself does not listen on is this machine's: stores and servers beside the sandbox.
    return !own ? options : { ...options, host: own.host, port: own.port };
  }
  if (!mapped) return targetPort === port ? options : { ...options, port: targetPort };
  const address = found ? found.addresses[turn++ % (found.addresses.length || 1)] : host;
  if (address === undefined || !/^127\.(?!0\.0\.1$)/.test(address)) return options;
  const at = listener(address, targetPort);
  return at === undefined ? { refused: `${address}:${targetPort}` } : { ...options, host: at.host, port: at.port };
}

function patchConnect() {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const [first] = args;
    let routed;
    if (Array.isArray(first)) {
      // Node's own normalised form: [options, callback], marked by a symbol on the array.
      if (first[0] && typeof first[0] === "object") routed = first[0] = route(first[0]);
    } else if (first && typeof first === "object") routed = args[0] = route(first);
    else if (typeof first === "number" || /^\d+$/.test(first)) {
      const options = { port: first };
      if (typeof args[1] === "string") options.host = args[1];
      routed = route(options);
      args = [routed, ...args.slice(options.host === undefined ? 1 : 2)];
    }
    if (routed?.refused) {
      const error = Object.assign(new Error(`connect ECONNREFUSED ${routed.refused}`), {
        code: "ECONNREFUSED",
        errno: -111,
        syscall: "connect",
      });
      process.nextTick(() => this.destroy(error));
      return this;
    }
    return Reflect.apply(connect, this, args);
  };
}

/** The options of a listen call on a port, or undefined for one on a path, a handle or a descriptor. */
function listenOptions(args) {
  const rest = args.slice();
  const callback = typeof rest.at(-1) === "function" ? rest.pop() : undefined;
  const [first] = rest;
  if (first === undefined || first === null) return { options: { port: 0 }, callback };
  if (typeof first === "object") {
    if (first.path || first.fd !== undefined || first._handle || first.handle || first.listen) return undefined;
    return { options: { ...first }, callback };
  }
  if (typeof first !== "number" && !/^\d+$/.test(first)) return undefined;
  const options = { port: Number(first) };
  if (typeof rest[1] === "string") options.host = rest[1];
  const backlog = rest.slice(1).find((value) => typeof value === "number");
  if (backlog !== undefined) options.backlog = backlog;
  return { options, callback };
}

function patchListen() {
  const { listen, address } = net.Server.prototype;
  const pretended = new WeakMap();
  net.Server.prototype.listen = function (...args) {
    const parsed = listenOptions(args);
    const host = String(parsed?.options.host ?? "").toLowerCase();
    if (parsed === undefined || !(unspecified.has(host) || loopback.has(host) || host === podIP))
      return Reflect.apply(listen, this, args);
    const { options, callback } = parsed;
    let asked = Number(options.port ?? 0);
    delete options.ipv6Only;
    if (mapped) {
      const other = asked === 0 ? undefined : listener(podIP, asked);
      if (other !== undefined && running(other.pid)) {
        const error = Object.assign(new Error(`listen EADDRINUSE: address already in use ${podIP}:${asked}`), {
          code: "EADDRINUSE",
          errno: -98,
          syscall: "listen",
          address: podIP,
          port: asked,
        });
        process.nextTick(() => this.emit("error", error));
        return this;
      }
      options.host = "127.0.0.1";
      options.port = 0;
    } else options.host = podIP;
    this.prependOnceListener("listening", () => {
      const bound = Reflect.apply(address, this, []);
      asked ||= bound.port;
      const file = listenerFile(podIP, asked);
      writeFileSync(file, JSON.stringify({ host: bound.address, port: bound.port, pid: process.pid }));
      if (mapped) pretended.set(this, { address: podIP, family: "IPv4", port: asked });
      this.once("close", () => {
        pretended.delete(this);
        rmSync(file, { force: true });
      });
    });
    return callback === undefined ? listen.call(this, options) : listen.call(this, options, callback);
  };
  net.Server.prototype.address = function () {
    return pretended.get(this) ?? Reflect.apply(address, this, []);
  };
}

if (directory) {
  patchLookup();
  patchConnect();
  // A program outside of the pods has the machine's own ports.
  if (podIP) patchListen();
  if (hostname) os.hostname = () => hostname;
  syncBuiltinESMExports();
}
