/**
 * A real Kafka broker (one node, KRaft) on free ports of loopback over a temporary directory, with a proxy to cut its connections.
 * Needs Java 17, and Maven the first time. How to use it in a suite:
 *
 *   const broker = await startBroker();         // about 3 s; throws when Java or Maven is missing: see `whenKafka`
 *   broker.bootstrap                            // ["127.0.0.1:…"], straight to the broker
 *   broker.proxied                              // ["127.0.0.1:…"], a listener whose advertised address is the proxy's
 *   broker.sasl                                 // a listener that asks for SASL/PLAIN, user "weir", password "weir-secret"
 *   broker.tls                                  // with `startBroker({ tls: true })`: { bootstrap, ca }, its certificate being its own authority
 *   broker.proxy.cut(); broker.proxy.stalled = true; broker.proxy.cutAfter(1_000); broker.proxy.delayMs = 50;
 *   await broker.kill();                        // SIGKILL; data stays
 *   await broker.restart();                     // on the same ports; after it topics are led again
 *   await broker.close();                       // afterAll: kills it, removes the data
 *
 * Topics are not made by themselves: `createTopic(broker, name, partitions)` in admin.ts. Transactions that time out are aborted
 * within half a second. A broker dies with the process that started it, however that ends.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startTcpProxy, type TcpProxy } from "../../fakes/tcp-proxy.ts";

export interface Broker {
  readonly bootstrap: string[];
  readonly proxied: string[];
  readonly sasl: string[];
  readonly tls: { readonly bootstrap: string[]; readonly ca: string } | undefined;
  readonly proxy: TcpProxy;
  kill(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface BrokerOptions {
  /** Of the listener that is straight to the broker; by default any that is free. */
  readonly port?: number;
  /** A listener with TLS, too; takes a second. */
  readonly tls?: boolean;
  /** Lines of `server.properties`, which win over ours. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** The directory with Kafka's jars. @throws when they are not there and cannot be fetched (no Java, no Maven, no network) */
export async function fetchKafka(): Promise<string> {
  const script = new URL("./fetch-kafka.sh", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(script, [], { timeout: 600_000 });
  return stdout.trim();
}

/** Defines a suite that has a broker; without Java or Maven it is skipped with a word, and fails in CI. */
export async function whenKafka(suite: () => void): Promise<void> {
  // Only here, so that examples and benches can start a broker too.
  const { describe, test } = await import("vitest");
  try {
    await fetchKafka();
  } catch (error) {
    if (process.env.CI === "true") throw error;
    console.warn(`SKIPPED: the suite against Kafka: ${error instanceof Error ? error.message : String(error)}`);
    describe.skip("Kafka (not available)", () => test("skipped", () => undefined));
    return;
  }
  suite();
}

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const kafka = await fetchKafka();
  const root = await mkdtemp(join(tmpdir(), "weir-kafka-"));
  const [free, behind, sasl, controller, secure] = (await freePorts(5)) as [number, number, number, number, number];
  const plain = options.port ?? free;
  const proxy = await startTcpProxy({ port: behind });
  const keys = options.tls === true ? await makeKeys(root) : undefined;
  const [andTls, andTlsAt, andSsl] = keys ? [`,TLS://127.0.0.1:${secure}`, `,TLS://localhost:${secure}`, ",TLS:SSL"] : ["", "", ""];
  const properties: Record<string, string | number> = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "log.dirs": join(root, "data"),
    listeners: `PLAIN://127.0.0.1:${plain},PROXIED://127.0.0.1:${behind},SASL://127.0.0.1:${sasl},CONTROLLER://127.0.0.1:${controller}${andTls}`,
    "advertised.listeners": `PLAIN://127.0.0.1:${plain},PROXIED://127.0.0.1:${proxy.port},SASL://127.0.0.1:${sasl}${andTlsAt}`,
    "listener.security.protocol.map": `PLAIN:PLAINTEXT,PROXIED:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT${andSsl}`,
    "inter.broker.listener.name": "PLAIN",
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.voters": `1@127.0.0.1:${controller}`,
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.sasl.plain.sasl.jaas.config":
      'org.apache.kafka.common.security.plain.PlainLoginModule required user_weir="weir-secret";',
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 2,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 2,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    // A node that comes back after SIGKILL waits until its former self has timed out.
    "broker.session.timeout.ms": 3_000,
    "broker.heartbeat.interval.ms": 500,
    "controlled.shutdown.enable": "false",
    "num.network.threads": 2,
    "num.io.threads": 2,
    "log.cleaner.dedupe.buffer.size": 4 << 20,
    ...(keys && {
      "listener.name.tls.ssl.keystore.location": keys.store,
      "listener.name.tls.ssl.keystore.type": "PKCS12",
      "listener.name.tls.ssl.keystore.password": keys.password,
    }),
    ...options.properties,
  };
  const file = join(root, "server.properties");
  await cp(join(kafka, "formatted"), join(root, "data"), { recursive: true });
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(""));
  let java: Java | undefined;
  const broker: Broker = {
    bootstrap: [`127.0.0.1:${plain}`],
    proxied: [`127.0.0.1:${proxy.port}`],
    sasl: [`127.0.0.1:${sasl}`],
    tls: keys && { bootstrap: [`localhost:${secure}`], ca: keys.certificate },
    proxy,
    async kill() {
      await java?.kill();
      java = undefined;
    },
    async restart() {
      await broker.kill();
      java = await startJava(kafka, file);
    },
    async close() {
      await broker.kill();
      await proxy.close();
      await rm(root, { recursive: true, force: true });
    },
  };
  try {
    await broker.restart();
  } catch (error) {
    await broker.close();
    throw error;
  }
  return broker;
}

/** A key for localhost and its certificate, by the JDK's own tool. */
async function makeKeys(directory: string): Promise<{ store: string; password: string; certificate: string }> {
  const [store, password] = [join(directory, "keys.p12"), "weir-secret"];
  const run = promisify(execFile);
  const keytool = (given: string[]) => run("keytool", given);
  const where = ["-alias", "broker", "-keystore", store, "-storepass", password];
  const names = ["-dname", "CN=localhost", "-ext", "SAN=dns:localhost", "-validity", "3650"];
  await keytool(["-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12", ...names, ...where]);
  const { stdout } = await keytool(["-exportcert", "-rfc", ...where]);
  return { store, password, certificate: stdout };
}

interface Java {
  kill(): Promise<void>;
}

/** Runs the command, tells its pid, and kills it once standard input is closed: by us, or by our death. */
const guard =
  'exec 3<&0; "$@" </dev/null 3<&- & pid=$!; echo $pid; (while read -r _ <&3; do :; done; kill -9 $pid) & watch=$!; wait $pid; kill $watch';

async function startJava(kafka: string, properties: string): Promise<Java> {
  const logging = "-Dorg.slf4j.simpleLogger";
  const java = [
    "java -Xmx512m -Xms256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Djava.awt.headless=true",
    `${logging}.defaultLogLevel=error ${logging}.log.kafka.server.KafkaRaftServer=info`,
  ];
  const command = [...java.join(" ").split(" "), "-cp", `${kafka}/jars/*`, "kafka.Kafka", properties];
  const child = spawn("sh", ["-c", guard, "sh", ...command], { stdio: ["pipe", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = async (): Promise<void> => {
    child.stdin?.end();
    await exited;
  };
  try {
    await started(child);
  } catch (error) {
    await kill();
    throw error;
  }
  return { kill };
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-20_000);
      if (said.includes("Kafka Server started")) {
        clearTimeout(late);
        resolve();
      }
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    const late = setTimeout(() => reject(new Error(`Kafka did not start within a minute: ${said}`)), 60_000);
    child.once("exit", () => {
      clearTimeout(late);
      reject(new Error(`Kafka ended: ${said}`));
    });
    late.unref();
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
