/**
 * A Kafka cluster as source and sink see it: where a partition is led, who coordinates a transactional id, and requests to those.
 * One try each: whoever asks tries again. The versions of requests are those of Kafka 3.0; a newer broker answers them too.
 */
import type { ConnectionOptions } from "@platformatic/kafka";
import { WeirError } from "../../errors/index.ts";
import type { KafkaLibrary } from "./library.ts";

export type Connection = InstanceType<KafkaLibrary["Connection"]>;

export interface ClusterOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: ConnectionOptions["tls"] | undefined;
  readonly sasl: ConnectionOptions["sasl"] | undefined;
  readonly requestTimeoutMs: number;
}

export interface Cluster {
  readonly kafka: KafkaLibrary;
  /** Number of partitions. Asked of the brokers the first time and after `forget`. */
  partitions(topic: string): Promise<number>;
  /** undefined: not known now, `refresh` may find it. */
  leader(topic: string, partition: number): number | undefined;
  /** Asks for the topics anew. */
  refresh(topics: Iterable<string>): Promise<void>;
  nodes(): Promise<readonly number[]>;
  onNode<T>(node: number, request: (connection: Connection) => Promise<T>): Promise<T>;
  /** On the coordinator of a transactional id. */
  onCoordinator<T>(transactionalId: string, request: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;

/** Asks nothing yet. */
export function openCluster(kafka: KafkaLibrary, options: ClusterOptions): Cluster {
  const bootstrap = options.brokers.map(parseBroker);
  const pool = new kafka.ConnectionPool(options.clientId, {
    connectTimeout: connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    ...(options.tls === undefined ? {} : { tls: options.tls, tlsServerName: true }),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
  });
  let nodes = new Map<number, { host: string; port: number }>();
  const leaders = new Map<string, number[]>();
  const coordinators = new Map<string, number>();
  const heard = new WeakSet<Connection>();

  const ready = (connection: Connection): Connection => {
    // A connection tells of its end twice, to whoever waits and as an event, which must not end the process.
    if (!heard.has(connection)) connection.on("error", () => undefined);
    heard.add(connection);
    return connection;
  };
  const anywhere = async (): Promise<Connection> => ready(await pool.getFirstAvailable([...nodes.values(), ...bootstrap]));
  const ask = async (topics: string[]): Promise<void> => {
    const connection = await anywhere();
    const { response, failure } = await answered(timely(kafka.metadataV9.api.async(connection, topics, false)));
    if (response === undefined) throw failure;
    if (response.brokers.length > 0) nodes = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    for (const { name, errorCode, partitions } of response.topics) {
      if (name === null) continue;
      const fault = kafka.protocolErrorsCodesById[errorCode];
      if (errorCode !== 0 && fault !== "LEADER_NOT_AVAILABLE") {
        leaders.delete(name);
        throw new kafka.ProtocolError(errorCode, null, { topic: name });
      }
      const of: number[] = [];
      for (const { partitionIndex, leaderId } of partitions) of[partitionIndex] = leaderId;
      leaders.set(name, of);
    }
  };
  /** The library may lose a request with its connection; nobody waits for ever. */
  const timely = <T>(request: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new kafka.TimeoutError("The request timed out", { canRetry: true }));
      timer = setTimeout(fail, options.requestTimeoutMs + connectTimeoutMs);
    });
    return Promise.race([request, late]).finally(() => clearTimeout(timer));
  };
  const onNode = async <T>(node: number, request: (connection: Connection) => Promise<T>): Promise<T> => {
    if (!nodes.has(node)) await ask([]);
    const address = nodes.get(node);
    if (address === undefined) throw new kafka.ProtocolError("BROKER_NOT_AVAILABLE");
    return timely(request(ready(await pool.get(address))));
  };

  return {
    kafka,
    async partitions(topic) {
      if (!leaders.has(topic)) await ask([topic]);
      return leaders.get(topic)!.length;
    },
    leader(topic, partition) {
      const node = leaders.get(topic)?.[partition];
      return node === -1 ? undefined : node;
    },
    refresh: (topics) => ask([...topics]),
    async nodes() {
      await ask([]);
      return [...nodes.keys()];
    },
    onNode,
    async onCoordinator(transactionalId, request) {
      let node = coordinators.get(transactionalId);
      if (node === undefined) {
        const found = await timely(kafka.findCoordinatorV4.api.async(await anywhere(), 1, [transactionalId]));
        const { nodeId, host, port } = found.coordinators[0]!;
        nodes.set(nodeId, { host, port });
        coordinators.set(transactionalId, (node = nodeId));
      }
      try {
        return await onNode(node, request);
      } catch (error) {
        // Whatever it was, the next try finds out who coordinates now.
        coordinators.delete(transactionalId);
        throw error;
      }
    },
    close: () => pool.close(),
  };
}

/** The answer even if it says that parts of the request failed; the library throws those with the answer attached. */
export async function answered<T>(request: Promise<T>): Promise<{ response: T | undefined; failure: unknown }> {
  try {
    return { response: await request, failure: undefined };
  } catch (failure) {
    return { response: (failure as { response?: T }).response, failure };
  }
}

function parseBroker(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  const port = Number(address.slice(at + 1));
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, "$1");
  if (at <= 0 || host === "" || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new WeirError("WEIR_FLOW_OPTION", `brokers: "${address}" is not host:port`);
  return { host, port };
}
