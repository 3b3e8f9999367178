// Finds a real kubectl and runs it: KUBECTL, the PATH, or the folder where the cluster tests keep their binaries.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export function findKubectl(): string | undefined {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "kubectl"));
  const places = [process.env.KUBECTL ?? "", ...onPath, join(cache, "kubernetes-for-tests", "bin", "kubectl")];
  const found = places.find((place) => place !== "" && existsSync(place));
  if (found === undefined && !process.env.CI) {
    console.warn("SKIPPED: no kubectl (set KUBECTL, or put it on the PATH): the sandbox is not tried with its first client");
  }
  return found;
}

export interface Run {
  code: number;
  out: string;
  err: string;
}

export function runKubectl(kubectl: string, kubeconfig: string, home: string, args: string[], input?: string): Promise<Run> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig, KUBE_EDITOR: process.env.KUBE_EDITOR };
    const child = execFile(kubectl, args, { env, timeout: 20_000 }, (error, out, err) => {
      resolve({ code: error ? (typeof error.code === "number" ? error.code : 1) : 0, out, err });
    });
    child.stdin?.end(input ?? "");
  });
}
