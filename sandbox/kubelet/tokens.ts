/** Service account tokens for pods' projected volumes: asked of the API, kept, and renewed well before they expire. */
import { resources, type Client, type KubernetesObject, type Pod } from "../client/index.ts";

export interface Tokens {
  get(pod: Pod, audience: string | undefined, seconds: number): Promise<string>;
  release(uid: string): void;
  stop(): void;
}

interface TokenRequest extends KubernetesObject {
  spec: {
    audiences?: string[];
    expirationSeconds: number;
    boundObjectRef: { apiVersion: string; kind: string; name: string; uid: string };
  };
  status?: { token: string; expirationTimestamp: string };
}

/** `due` is told of a pod whose token should be written anew. */
export function createTokens(client: Client, due: (uid: string) => void): Tokens {
  const held = new Map<string, { uid: string; token: string; renewAt: number }>();
  const timer = setInterval(() => {
    for (const { uid, renewAt } of held.values()) if (Date.now() >= renewAt) due(uid);
  }, 30_000);
  timer.unref();
  return {
    async get(pod, audience, seconds) {
      const uid = pod.metadata.uid ?? "";
      const key = `${uid}/${audience ?? ""}/${seconds}`;
      const known = held.get(key);
      if (known !== undefined && Date.now() < known.renewAt) return known.token;
      const request: TokenRequest = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        metadata: {
          name: "",
          namespace: pod.metadata.namespace ?? "default",
        },
        spec: {
          ...(audience === undefined ? {} : { audiences: [audience] }),
          expirationSeconds: seconds,
          boundObjectRef: {
            apiVersion: "v1",
            kind: "Pod",
            name: pod.metadata.name,
            uid,
          },
        },
      };
      const name = pod.spec.serviceAccountName ?? "default";
      const { status } = await client.create(resources.serviceAccounts, request, { name, subresource: "token" });
      if (status === undefined) throw new Error(`no token for service account ${name}`);
      const now = Date.now();
      held.set(key, { uid, token: status.token, renewAt: now + (Date.parse(status.expirationTimestamp) - now) * 0.8 });
      return status.token;
    },
    release(uid) {
      for (const [key, token] of held) if (token.uid === uid) held.delete(key);
    },
    stop: () => clearInterval(timer),
  };
}
