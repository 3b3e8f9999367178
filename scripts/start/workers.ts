import { readdirSync, readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";

/** Process id of the worker that runs as this pod: found by the pod's name in a process's environment, as a node's owner could. */
export function workerProcess(pod: string): number | undefined {
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-axEww", "-o", "pid=,command="], { encoding: "utf8" }).split("\n");
    const found = lines.find((line) => line.includes(`WEIR_POD_NAME=${pod} `) && line.includes("weir.js run"));
    return found === undefined ? undefined : Number.parseInt(found.trim(), 10);
  }
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (!readFileSync(`/proc/${entry}/cmdline`, "utf8").includes("weir.js\0run")) continue;
      if (readFileSync(`/proc/${entry}/environ`, "utf8").split("\0").includes(`WEIR_POD_NAME=${pod}`)) return Number(entry);
    } catch {
      // Gone, or somebody else's.
      continue;
    }
  }
  return undefined;
}
