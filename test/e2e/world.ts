/**
 * What the lifecycle suite needs of a cluster, however it is made. Nothing in it is of the sandbox: a kubeconfig, a folder that pods
 * see under the same path, and a hand on the programs that are to be killed.
 */
export interface LifecycleWorld {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** A folder of this machine that pods reach as a hostPath of the same name; everybody may write there. */
  readonly shared: string;
  /** Absent: the controller is somebody else's, and is not killed. */
  readonly controller?: ControllerHandle;
  /** SIGKILL to the API server, and what starts it again. Absent: it is somebody else's. */
  killApiServer?(): Promise<() => Promise<void>>;
  /** SIGKILL to the process of a pod, which says of itself that it is `pid`. */
  killWorker(pod: string, pid: number): void;
  stop(): Promise<void>;
}

/** The operator as a process of its own. */
export interface ControllerHandle {
  /** Path of what it logs. */
  readonly log: string;
  /** One more. The first leads; the others stand by. */
  start(): void;
  /** SIGKILL to the one that was started first. */
  kill(): Promise<void>;
  /** SIGTERM to all. */
  stop(): Promise<void>;
}
