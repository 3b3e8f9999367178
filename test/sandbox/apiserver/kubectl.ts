// Finds a real kubectl and runs it: KUBECTL, the one that the cluster tests have built, or one on the PATH.

import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export function findKubectl(): string | undefined {
  const build = join(import.meta.dirname, "../../cluster/build.sh");
  const built = spawnSync(build, ["--directory"], { encoding: "utf8" }).stdout?.trim() ?? "";
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "kubectl"));
  const places = [process.env.KUBECTL ?? "", join(built, "kubectl"), ...onPath];
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
