// The kubeconfig that clients are given: server, its certificate, the bearer token. Invariant: readable by its owner only.

import { chmodSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";

export function writeKubeconfig(file: string, options: { url: string; certificate: string; token: string }): void {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "sandbox",
        cluster: { server: options.url, "certificate-authority-data": Buffer.from(options.certificate).toString("base64") },
      },
    ],
    users: [{ name: "admin", user: { token: options.token } }],
    contexts: [{ name: "sandbox", context: { cluster: "sandbox", user: "admin", namespace: "default" } }],
    "current-context": "sandbox",
  };
  writeFileSync(file, stringify(config, { version: "1.1" }), { mode: 0o600 });
  chmodSync(file, 0o600);
}
