/**
 * Finds, or builds with build.sh, the programs of a real control plane.
 * Without Go and without a cache there are none: tests then skip and say so loudly, and in CI they fail.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export type Program = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kubectl" | "versitygw";
const script = join(import.meta.dirname, "build.sh");

/** The folder with `programs` in it. `undefined`: they are not there and cannot be built here; throws in CI and when a build fails. */
export function findPrograms(
  programs: readonly Program[] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"],
): string | undefined {
  const bin = execFileSync(script, ["--directory"], { encoding: "utf8" }).trim();
  const missing = programs.filter((program) => !existsSync(join(bin, program)));
  if (missing.length === 0) return bin;
  if (spawnSync("go", ["version"]).status !== 0) {
    const message = `${missing.join(", ")} not in ${bin}, and there is no go here to build them with`;
    if (process.env["CI"]) throw new Error(message);
    console.warn(`\n*** SKIPPED: everything that needs a real control plane. ${message}. ***\n`);
    return undefined;
  }
  console.warn(`building ${missing.join(", ")} into ${bin}: up to 13 minutes the first time, kept for later`);
  const built = spawnSync(script, programs, { stdio: ["ignore", "inherit", "inherit"] });
  if (built.status !== 0) throw new Error(`${script} ended with status ${built.status}`);
  return bin;
}
