/**
 * What one process is told: by flags, each of which has an environment variable, and in a pod by the pod's own environment.
 * Everything is checked here, so that a wrong value stops the process with one sentence before anything is opened.
 */
import { WeirError } from "../errors/index.ts";

export interface RunFlags {
  readonly processes?: string;
  readonly workers?: string;
  readonly index?: string;
  readonly addresses?: string;
  readonly recovery?: string;
  readonly recoveryEndpoint?: string;
  readonly snapshotInterval?: string;
  readonly partitions?: string;
  readonly retain?: string;
  readonly fromEpoch?: string;
  readonly fromStore?: string;
  readonly keepTopology?: boolean | string;
  readonly allowDroppedState?: boolean | string;
  readonly epoch?: string;
  readonly export?: string;
  readonly param?: readonly string[];
  readonly httpPort?: string;
  readonly bind?: string;
  readonly profile?: string;
  readonly meshTls?: string;
}

export interface Recovery {
  readonly store: string;
  readonly endpoint: string | undefined;
  readonly snapshotMs: number;
  readonly partitions: number | undefined;
  readonly retain: number;
  /** Go back to an earlier snapshot, of this store or another. */
  readonly restore: RestoreSettings | undefined;
  readonly allowDroppedState: boolean;
}
export interface RestoreSettings {
  /** undefined: the newest. */
  readonly epoch: number | undefined;
  /** undefined: the flow's own. */
  readonly store: string | undefined;
  /** Tells this request from others, so that a process that starts again does not fulfil it twice. */
  readonly id: string | undefined;
}
export interface Settings {
  readonly module: string;
  readonly export: string;
  readonly params: Readonly<Record<string, string>>;
  readonly processes: number;
  readonly threads: number;
  readonly epochMs: number;
  readonly recovery: Recovery | undefined;
  /** undefined: no server. */
  readonly httpPort: number | undefined;
  readonly bind: string | undefined;
  readonly token: string | undefined;
  /** The number of processes in the store's manifest wins over `processes`. */
  readonly keepTopology: boolean;
  /** Where copies of snapshot files are kept; undefined: a temporary directory, if that is worth it. */
  readonly cacheDirectory: string | undefined;
  /** Directory for a CPU profile of each worker. */
  readonly profile: string | undefined;
  /** Directory with ca.crt, tls.crt and tls.key, by which the flow's processes know each other. */
  readonly meshTls: string | undefined;
  /** This process among others that somebody else started; undefined = we are alone, or start the others. */
  readonly member: Member | undefined;
}
export interface Member {
  readonly index: number;
  /** host:port of a process's mesh server. */
  readonly address: (process: number) => string;
  readonly meshPort: number;
  /** In a pod: stays for the controller when the flow is complete, lingers after a drain, and takes part in the store's topology. */
  readonly pod: boolean;
  /** File with the number of processes of a store that is still empty. */
  readonly processesFile: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws WeirError WEIR_USAGE naming the flag or variable */
export function readSettings(module: string, flags: RunFlags, env: Environment): Settings {
  const threads = integer("--workers (WEIR_THREADS)", flags.workers ?? env.WEIR_THREADS ?? "1", 1, 1024);
  const store = flags.recovery ?? text(env.WEIR_RECOVERY_STORE);
  const member = readMember(flags, env);
  if (store === undefined) refuseWithoutStore(flags);
  const httpPort = flags.httpPort ?? text(env.WEIR_HTTP_PORT) ?? (member?.pod === true ? "8080" : undefined);
  return {
    module,
    export: flags.export ?? text(env.WEIR_EXPORT) ?? "default",
    params: readParams(flags.param ?? [], env.WEIR_PARAMS),
    processes: readProcesses(flags, env, member),
    threads,
    epochMs: integer("--epoch (WEIR_EPOCH_MS)", flags.epoch ?? text(env.WEIR_EPOCH_MS) ?? "200", 0, 3_600_000),
    recovery:
      store === undefined
        ? undefined
        : {
            store,
            endpoint: flags.recoveryEndpoint ?? text(env.WEIR_RECOVERY_ENDPOINT),
            snapshotMs:
              1000 *
              number(
                "--snapshot-interval (WEIR_SNAPSHOT_INTERVAL)",
                flags.snapshotInterval ?? text(env.WEIR_SNAPSHOT_INTERVAL) ?? "10",
                0,
                86_400,
              ),
            partitions: optionalInteger("--partitions (WEIR_PARTITIONS)", flags.partitions ?? text(env.WEIR_PARTITIONS), 1, 32_768),
            retain: integer("--retain (WEIR_RETAIN)", flags.retain ?? text(env.WEIR_RETAIN) ?? "1", 1, 1000),
            restore: readRestore(flags, env),
            allowDroppedState: boolean(
              "--allow-dropped-state (WEIR_ALLOW_DROPPED_STATE)",
              flags.allowDroppedState ?? env.WEIR_ALLOW_DROPPED_STATE,
            ),
          },
    httpPort: httpPort === undefined ? undefined : integer("--http-port (WEIR_HTTP_PORT)", httpPort, 0, 65_535),
    bind: flags.bind ?? text(env.WEIR_POD_IP) ?? text(env.WEIR_BIND),
    token: text(env.WEIR_TOKEN),
    keepTopology:
      member?.pod === true || boolean("--keep-topology (WEIR_KEEP_TOPOLOGY)", flags.keepTopology ?? env.WEIR_KEEP_TOPOLOGY),
    cacheDirectory: text(env.WEIR_CACHE_DIR),
    profile: flags.profile ?? text(env.WEIR_PROFILE),
    meshTls: flags.meshTls ?? text(env.WEIR_MESH_TLS),
    member,
  };
}

function readProcesses(flags: RunFlags, env: Environment, member: Member | undefined): number {
  const name = "--processes (WEIR_PROCESSES)";
  const given = flags.processes ?? text(env.WEIR_PROCESSES);
  if (member === undefined || member.pod) return integer(name, given ?? "1", 1, 4096);
  const addresses = addressList(flags, env).length;
  return integer(name, given ?? String(addresses), 1, addresses);
}

/** A flag that speaks of state, and nowhere to keep it: whoever gave it expects what will not happen. */
function refuseWithoutStore(flags: RunFlags): void {
  const given = [
    [flags.fromEpoch, "--from-epoch"],
    [flags.fromStore, "--from-store"],
    [flags.snapshotInterval, "--snapshot-interval"],
    [flags.partitions, "--partitions"],
    [flags.retain, "--retain"],
    [flags.allowDroppedState, "--allow-dropped-state"],
  ].find(([value]) => value !== undefined);
  if (given !== undefined) throw usage(`${given[1]} needs --recovery, the store of the state`);
}

function readMember(flags: RunFlags, env: Environment): Member | undefined {
  const pod = text(env.WEIR_POD_NAME);
  if (pod !== undefined) {
    const ordinal = /^(.+)-(\d+)$/.exec(pod);
    const service = text(env.WEIR_SERVICE);
    if (ordinal === null || service === undefined) {
      throw usage("WEIR_POD_NAME must end in the pod's ordinal and WEIR_SERVICE name the headless service");
    }
    const meshPort = integer("WEIR_MESH_PORT", text(env.WEIR_MESH_PORT) ?? "9090", 1, 65_535);
    return {
      index: Number(ordinal[2]),
      address: (process) => `${ordinal[1]}-${process}.${service}:${meshPort}`,
      meshPort,
      pod: true,
      processesFile: text(env.WEIR_PROCESSES_FILE),
    };
  }
  const index = flags.index ?? text(env.WEIR_INDEX);
  const addresses = addressList(flags, env);
  if (index === undefined) {
    if (addresses.length > 0) throw usage("--addresses needs --index, the place of this process in the list");
    return undefined;
  }
  if (addresses.length === 0) throw usage("--index needs --addresses, where each process of the flow listens");
  const at = integer("--index (WEIR_INDEX)", index, 0, addresses.length - 1);
  for (const address of addresses)
    if (!/^[^:]+:\d+$|^\[[^\]]+\]:\d+$/.test(address)) throw usage(`--addresses: "${address}" is not host:port`);
  const meshPort = Number(addresses[at]!.slice(addresses[at]!.lastIndexOf(":") + 1));
  return { index: at, address: (process) => addresses[process] ?? "", meshPort, pod: false, processesFile: undefined };
}

const addressList = (flags: RunFlags, env: Environment): string[] =>
  (flags.addresses ?? text(env.WEIR_ADDRESSES) ?? "")
    .split(/[,;]/)
    .map((address) => address.trim())
    .filter((address) => address !== "");

function readRestore(flags: RunFlags, env: Environment): RestoreSettings | undefined {
  const given = flags.fromEpoch ?? text(env.WEIR_RESTORE_EPOCH);
  const epoch = optionalInteger("--from-epoch (WEIR_RESTORE_EPOCH)", given, 0, Number.MAX_SAFE_INTEGER);
  const store = flags.fromStore ?? text(env.WEIR_RESTORE_STORE);
  return epoch === undefined && store === undefined ? undefined : { epoch, store, id: text(env.WEIR_RESTORE_ID) };
}

function readParams(pairs: readonly string[], json: string | undefined): Record<string, string> {
  const params: Record<string, string> = {};
  if (text(json) !== undefined) {
    let value: unknown;
    try {
      value = JSON.parse(json!);
    } catch {
      throw usage("WEIR_PARAMS is not JSON");
    }
    if (typeof value !== "object" || value === null) throw usage("WEIR_PARAMS is not a JSON object");
    for (const [name, entry] of Object.entries(value)) params[name] = String(entry);
  }
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw usage(`--param: "${pair}" is not name=value`);
    params[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return params;
}

const usage = (message: string): WeirError => new WeirError("WEIR_USAGE", message);
const text = (value: string | undefined): string | undefined => (value === undefined || value === "" ? undefined : value);

function number(name: string, value: string, least: number, most: number): number {
  const parsed = Number(value);
  if (value.trim() === "" || !(parsed >= least && parsed <= most))
    throw usage(`${name}: "${value}" is not a number from ${least} to ${most}`);
  return parsed;
}
function integer(name: string, value: string, least: number, most: number): number {
  const parsed = number(name, value, least, most);
  if (!Number.isInteger(parsed)) throw usage(`${name}: "${value}" is not a whole number`);
  return parsed;
}
const optionalInteger = (name: string, value: string | undefined, least: number, most: number): number | undefined =>
  value === undefined ? undefined : integer(name, value, least, most);
function boolean(name: string, value: boolean | string | undefined): boolean {
  if (value === undefined || value === "" || value === false || value === "false" || value === "0") return false;
  if (value === true || value === "true" || value === "1") return true;
  throw usage(`${name}: "${value}" is neither true nor false`);
}
