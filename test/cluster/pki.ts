/** Certificates for a control plane of a test: an authority of its own per folder, made with openssl, valid for a week. */
import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const openssl = (...words: string[]) => run("openssl", words);

export interface Pki {
  readonly directory: string;
  readonly ca: string;
  /** Paths of a certificate and key; `names` are subjectAltNames such as `IP:127.0.0.1`. */
  certificate(name: string, subject: string, names?: string[]): Promise<{ cert: string; key: string }>;
  /** Writes a kubeconfig that is whole in itself, and gives its path. */
  kubeconfig(server: string, user: string, subject: string): Promise<string>;
}

export async function createPki(directory: string): Promise<Pki> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const at = (name: string) => join(directory, name);
  const key = async (path: string) => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    await writeFile(path, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  };
  await key(at("ca.key"));
  await openssl(
    "req",
    "-x509",
    "-new",
    "-key",
    at("ca.key"),
    "-subj",
    "/CN=test-authority",
    "-days",
    "7",
    "-sha256",
    "-addext",
    "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign",
    "-out",
    at("ca.crt"),
  );
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  await writeFile(at("sa.key"), privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  await writeFile(at("sa.pub"), publicKey.export({ type: "spki", format: "pem" }));

  const pki: Pki = {
    directory,
    ca: at("ca.crt"),
    async certificate(name, subject, names = []) {
      const made = { cert: at(`${name}.crt`), key: at(`${name}.key`) };
      if (existsSync(made.cert)) return made;
      await key(made.key);
      const extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature,keyEncipherment"];
      extensions.push("extendedKeyUsage=serverAuth,clientAuth");
      if (names.length > 0) extensions.push(`subjectAltName=${names.join(",")}`);
      await writeFile(at(`${name}.ext`), extensions.join("\n") + "\n");
      await openssl("req", "-new", "-key", made.key, "-subj", subject, "-out", at(`${name}.csr`));
      await openssl(
        "x509",
        "-req",
        "-in",
        at(`${name}.csr`),
        "-CA",
        at("ca.crt"),
        "-CAkey",
        at("ca.key"),
        "-days",
        "7",
        "-sha256",
        "-set_serial",
        `0x${randomBytes(8).toString("hex")}`,
        "-extfile",
        at(`${name}.ext`),
        "-out",
        made.cert,
      );
      return made;
    },
    async kubeconfig(server, user, subject) {
      const { cert, key: secret } = await pki.certificate(user, subject);
      const base64 = async (path: string) => (await readFile(path)).toString("base64");
      const config = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "test", cluster: { server, "certificate-authority-data": await base64(at("ca.crt")) } }],
        users: [{ name: user, user: { "client-certificate-data": await base64(cert), "client-key-data": await base64(secret) } }],
        contexts: [{ name: "test", context: { cluster: "test", user } }],
        "current-context": "test",
      };
      const file = at(`${user}.kubeconfig`);
      await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
      return file;
    },
  };
  return pki;
}
