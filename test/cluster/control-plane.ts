/**
 * A real control plane on loopback: etcd, kube-apiserver with RBAC, kube-controller-manager. No scheduler and no nodes: the
 * sandbox's kubelet and binder are those.
 * Invariant: everything lives in one folder and one process group per program; stop() leaves neither, and what a killed test run
 * left is ended by the next start.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, loadKubeconfig, resources, type Client } from "../../sandbox/client/index.ts";
import { createPki, type Pki } from "./pki.ts";

export interface ControlPlane {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly server: string;
  readonly directory: string;
  readonly pki: Pki;
  /** Path of a kubeconfig for a user in groups: `system:node:n` in `system:nodes` for instance. */
  kubeconfigFor(user: string, groups?: string[]): Promise<string>;
  /** Ends one program with SIGKILL. */
  kill(program: ProgramName): Promise<void>;
  /** Starts one that was killed again, on the same port and data. */
  start(program: ProgramName): Promise<void>;
  stop(): Promise<void>;
}

export type ProgramName = "etcd" | "kube-apiserver" | "kube-controller-manager";
const prefix = "weir-control-plane-";

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((done) => server.listen(0, "127.0.0.1", () => done((server.address() as { port: number }).port))),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends what a test run that was killed has left. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = join(tmpdir(), name, "owner");
    if (!name.startsWith(prefix) || !existsSync(owner) || alive(Number(readFileSync(owner, "utf8")))) continue;
    for (const file of readdirSync(join(tmpdir(), name, "pids"))) {
      const [pid, program] = [Number(readFileSync(join(tmpdir(), name, "pids", file), "utf8")), file];
      // A number may have been given to another program since; ours has its folder's name among its arguments.
      const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : program;
      if (pid > 0 && alive(pid) && command.includes(program)) process.kill(-pid, "SIGKILL");
    }
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Starts a control plane with the programs in `bin`: 4 to 6 seconds. Throws with the end of the program's log when one fails. */
export async function startControlPlane(bin: string): Promise<ControlPlane> {
  sweep();
  const directory = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(directory, "owner"), String(process.pid));
  for (const name of ["logs", "pids"]) mkdirSync(join(directory, name));
  const [apiPort, etcdPort, peerPort, managerPort] = (await freePorts(4)) as [number, number, number, number];
  const server = `https://127.0.0.1:${apiPort}`;
  const pki = await createPki(join(directory, "pki"));
  const at = (name: string) => join(pki.directory, name);
  const [serving, kubeletClient, admin, manager] = await Promise.all([
    pki.certificate("apiserver", "/CN=kube-apiserver", [
      "DNS:localhost",
      "DNS:kubernetes.default.svc",
      "IP:127.0.0.1",
      "IP:10.96.0.1",
    ]),
    pki.certificate("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
    pki.kubeconfig(server, "admin", "/O=system:masters/CN=kubernetes-admin"),
    pki.kubeconfig(server, "controller-manager", "/CN=system:kube-controller-manager"),
  ]);
  const programs: Record<ProgramName, string[]> = {
    // No fsync: the data is the test's own and goes with it.
    etcd: [
      "--name=test",
      `--data-dir=${join(directory, "etcd")}`,
      "--unsafe-no-fsync",
      "--log-level=warn",
      `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
      `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=test=http://127.0.0.1:${peerPort}`,
    ],
    "kube-apiserver": [
      "--bind-address=127.0.0.1",
      "--endpoint-reconciler-type=none",
      "--advertise-address=192.0.2.1",
      `--secure-port=${apiPort}`,
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      `--tls-cert-file=${serving.cert}`,
      `--tls-private-key-file=${serving.key}`,
      `--client-ca-file=${pki.ca}`,
      `--kubelet-certificate-authority=${pki.ca}`,
      `--kubelet-client-certificate=${kubeletClient.cert}`,
      `--kubelet-client-key=${kubeletClient.key}`,
      "--kubelet-preferred-address-types=InternalIP",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${at("sa.pub")}`,
      `--service-account-signing-key-file=${at("sa.key")}`,
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--profiling=false",
      "--v=1",
    ],
    "kube-controller-manager": [
      `--kubeconfig=${manager}`,
      `--authentication-kubeconfig=${manager}`,
      `--authorization-kubeconfig=${manager}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${managerPort}`,
      `--tls-cert-file=${serving.cert}`,
      `--tls-private-key-file=${serving.key}`,
      "--use-service-account-credentials=true",
      "--leader-elect=false",
      `--service-account-private-key-file=${at("sa.key")}`,
      `--root-ca-file=${pki.ca}`,
      `--cluster-signing-cert-file=${pki.ca}`,
      `--cluster-signing-key-file=${at("ca.key")}`,
      "--kube-api-qps=500",
      "--kube-api-burst=1000",
      "--allocate-node-cidrs=false",
      "--node-monitor-grace-period=20s",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--profiling=false",
      "--v=1",
    ],
  };

  const children = new Map<ProgramName, ChildProcess>();
  const launch = (program: ProgramName): void => {
    const log = createWriteStream(join(directory, "logs", `${program}.log`), { flags: "a" });
    const child = spawn(join(bin, program), programs[program], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.on("error", (error) => log.write(`${error.message}\n`));
    writeFileSync(join(directory, "pids", program), String(child.pid ?? 0));
    children.set(program, child);
  };
  const running = (program: ProgramName): boolean => {
    const child = children.get(program);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  };
  const end = async (program: ProgramName, signal: NodeJS.Signals): Promise<void> => {
    const child = children.get(program);
    if (child?.pid === undefined || !running(program)) return;
    const gone = new Promise((done) => child.once("exit", done));
    process.kill(-child.pid, signal);
    // The API server would wait a minute for its watchers to leave.
    const impatient = setTimeout(() => running(program) && process.kill(-(child.pid as number), "SIGKILL"), 1000);
    await gone;
    clearTimeout(impatient);
  };
  const atExit = (): void => {
    for (const program of children.keys()) if (running(program)) process.kill(-(children.get(program)?.pid as number), "SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  };
  process.once("exit", atExit);
  const stop = async (): Promise<void> => {
    for (const program of ["kube-controller-manager", "kube-apiserver", "etcd"] as const) await end(program, "SIGTERM");
    process.removeListener("exit", atExit);
    rmSync(directory, { recursive: true, force: true });
  };

  const client: Client = createClient(loadKubeconfig(admin), "control-plane-test");
  const until = async (what: string, program: ProgramName, ready: () => Promise<unknown>): Promise<void> => {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const failure = await ready().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure === undefined) return;
      if (!running(program) || Date.now() > deadline) {
        const log = readFileSync(join(directory, "logs", `${program}.log`), "utf8")
          .split("\n")
          .slice(-15)
          .join("\n");
        await stop();
        throw new Error(`${what} did not come up: ${String(failure)}\n${log}`);
      }
      await sleep(100);
    }
  };
  const apiReady = async (): Promise<void> => {
    // readyz, not livez: RBAC's own roles are made by the time it answers.
    (await client.stream("/readyz", { timeoutMs: 5000 })).destroy();
  };

  launch("etcd");
  launch("kube-apiserver");
  await until("the API server", "kube-apiserver", apiReady);
  launch("kube-controller-manager");
  // Pods are refused in a namespace whose default service account is not there yet.
  await until("the controller manager", "kube-controller-manager", () =>
    client.get(resources.serviceAccounts, "default", "default"),
  );

  return {
    kubeconfig: admin,
    server,
    directory,
    pki,
    kubeconfigFor: (user, groups = []) =>
      pki.kubeconfig(server, user.replaceAll(/[^a-z0-9.-]/g, "-"), `${groups.map((group) => `/O=${group}`).join("")}/CN=${user}`),
    kill: (program) => end(program, "SIGKILL"),
    async start(program) {
      launch(program);
      await until(program, program, apiReady);
    },
    async stop() {
      client.close();
      await stop();
    },
  };
}
