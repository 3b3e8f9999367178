/** What a kubelet is told: where its API server is, who it is, and what the images of its pods stand for on this machine. */
import type { ClusterAccess } from "../client/index.ts";

/** An image that is a program on this machine. */
export interface ImageMapping {
  /** An image name, `*` standing for any run of characters: `registry.example/weir:*`. */
  readonly pattern: string;
  /** What runs when the container has no `command`. Absolute paths, or names found in PATH. */
  readonly entrypoint?: readonly string[];
  /** Arguments when the container has neither `command` nor `args`. */
  readonly cmd?: readonly string[];
  /** Working directory when the container has none; default: an empty directory of the pod. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of the image, and where they are on this machine; paths under them are rewritten as those of volumes are. */
  readonly paths?: Readonly<Record<string, string>>;
}

/**
 * How pods get addresses of their own. `addresses`: each pod has its own 127.x.y.z, which Linux routes without any set-up.
 * `mapped`: the system has 127.0.0.1 only (macOS); pods have pretended addresses, and the hook in their Node processes listens on
 * free ports of 127.0.0.1 and translates through a table of files.
 */
export type NetworkMode = "addresses" | "mapped";

export interface BackOff {
  /** Pause before the second restart in milliseconds (the first is immediate); doubles. Default 10,000. */
  readonly firstMs: number;
  /** Default 300,000. */
  readonly maxMs: number;
  /** A container that ran this long starts from the first pause again. Default 600,000. */
  readonly resetMs: number;
}

export interface KubeletOptions {
  readonly access: ClusterAccess;
  readonly nodeName: string;
  /** Everything the kubelet writes is in here: pods' volumes and logs, and what it needs to find its pods again. */
  readonly directory: string;
  readonly images?: readonly ImageMapping[] | undefined;
  readonly network?: NetworkMode | undefined;
  readonly backOff?: Partial<BackOff> | undefined;
  /** Serve logs with TLS and demand a client certificate of this authority, as a real API server wants it. Default: plain HTTP. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer } | undefined;
  /** Demand this bearer token for logs. */
  readonly token?: string | undefined;
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
  /** Longest time in seconds a pod gets between SIGTERM and SIGKILL when the kubelet itself stops; default 5. */
  readonly shutdownGraceSeconds?: number | undefined;
  /** Where the claims that the sandbox's own controller binds have their folders. */
  readonly claimsFolder?: string | undefined;
  readonly log?: ((message: string) => void) | undefined;
}
