/**
 * Pods' addresses: 127.a.b.1 to 127.a.b.250, where a.b is this kubelet's own on this machine. Two kubelets never hand out the same
 * address: each holds a listening socket on 127.a.b.254 for as long as it runs. Addresses of pods that are found again are kept.
 */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import type { NetworkMode } from "./options.ts";

const claimPort = 10_250;

export interface AddressPool {
  /** `preferred` when it is one of ours and free. Throws when all are taken. */
  take(preferred?: string): string;
  free(address: string): void;
  close(): void;
}

function hold(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? done(undefined) : fail(error)));
    server.listen({ host: address, port: claimPort, exclusive: true }, () => {
      server.unref();
      done(server);
    });
  });
}

/** The range follows from `directory`, so that a restarted kubelet has its own again, unless another has taken it meanwhile. */
export async function claimAddresses(directory: string, mode: NetworkMode): Promise<AddressPool> {
  const digest = createHash("sha256").update(directory).digest();
  let claim: Server | undefined;
  let prefix = "";
  for (let attempt = 0; attempt < 64; attempt++) {
    // 127.16 to 127.239: out of the way of what distributions use near both ends.
    prefix = `127.${16 + ((digest[0] as number) % 224)}.${((digest[1] as number) + attempt) % 256}`;
    // Pretended addresses need no claim: each kubelet translates its own by its own table.
    if (mode === "mapped") break;
    claim = await hold(`${prefix}.254`);
    if (claim !== undefined) break;
  }
  if (mode === "addresses" && claim === undefined) throw new Error("no free range of loopback addresses for pods");
  const taken = new Set<string>();
  let next = 0;
  return {
    take(preferred) {
      if (preferred?.startsWith(`${prefix}.`) && !taken.has(preferred)) {
        taken.add(preferred);
        return preferred;
      }
      // Round and round, so that an address just given back rests before it is another pod's.
      for (let tried = 0; tried < 250; tried++) {
        const address = `${prefix}.${1 + (next++ % 250)}`;
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new Error("all 250 pod addresses of this node are taken");
    },
    free: (address) => void taken.delete(address),
    close: () => void claim?.close(),
  };
}
