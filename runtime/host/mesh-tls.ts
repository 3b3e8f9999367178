/** The three files of mutual TLS, named as in a Kubernetes secret of type kubernetes.io/tls with its authority. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WeirError } from "../errors/index.ts";
import type { MeshTls } from "../timely/communication/websocket/index.ts";

/** @throws WEIR_USAGE naming the file that cannot be read */
export function readMeshTls(directory: string): MeshTls {
  const read = (name: string): string => {
    try {
      return readFileSync(join(directory, name), "utf8");
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw new WeirError("WEIR_USAGE", `--mesh-tls (WEIR_MESH_TLS): ${join(directory, name)} cannot be read (${why})`, { cause });
    }
  };
  return { ca: read("ca.crt"), cert: read("tls.crt"), key: read("tls.key") };
}
