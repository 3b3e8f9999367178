// A certificate for 127.0.0.1 and localhost, signed by itself, written out in DER by hand.
// Why TLS at all: kubectl and client-go send a bearer token over https only. Why by hand: node:crypto makes keys and
// signatures but issues no certificates, and one fixed certificate is sixty lines where a library is a dozen packages.
// Invariant: the key never leaves the directory, and is readable by its owner only.

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  key: string;
  certificate: string;
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = body.length.toString(16);
  const bytes = Buffer.from(length.length % 2 === 0 ? length : `0${length}`, "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, body]);
}

const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts);
const octets = (body: Uint8Array): Buffer => der(0x04, body);
const boolean = der(0x01, Buffer.from([0xff]));

function identifier(text: string): Buffer {
  const [first, second, ...rest] = text.split(".").map(Number);
  const bytes = [first! * 40 + second!];
  for (let value of rest) {
    const group = [value & 0x7f];
    while ((value >>>= 7) > 0) group.unshift((value & 0x7f) | 0x80);
    bytes.push(...group);
  }
  return der(0x06, Buffer.from(bytes));
}

function time(at: Date): Buffer {
  const text = at.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  return der(0x18, Buffer.from(`${text}Z`));
}

const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(identifier(id), ...(critical ? [boolean] : []), octets(value));

function issue(now: number): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = sequence(identifier("1.2.840.10045.4.3.2"));
  const name = sequence(der(0x31, sequence(identifier("2.5.4.3"), der(0x0c, Buffer.from("kubernetes-sandbox")))));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const alternatives = sequence(
    der(0x82, Buffer.from("localhost")),
    der(0x82, Buffer.from("kubernetes.default.svc")),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
  );
  const extensions = sequence(
    extension("2.5.29.19", true, sequence(boolean)), // basicConstraints: a CA, for clients that ask for one
    extension("2.5.29.15", true, der(0x03, Buffer.from([2, 0x84]))), // keyUsage: digitalSignature, keyCertSign
    extension("2.5.29.37", false, sequence(identifier("1.3.6.1.5.5.7.3.1"))), // extKeyUsage: serverAuth
    extension("2.5.29.17", false, alternatives), // subjectAltName
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    sequence(time(new Date(now - 86_400_000)), time(new Date(now + 3650 * 86_400_000))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = whole
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

/** The certificate kept in `directory`, or a new one, valid for ten years. */
export function certificateIn(directory: string, now = Date.now()): Certificate {
  const keyFile = join(directory, "server.key");
  const certificateFile = join(directory, "server.crt");
  if (existsSync(keyFile) && existsSync(certificateFile)) {
    const kept = { key: readFileSync(keyFile, "utf8"), certificate: readFileSync(certificateFile, "utf8") };
    const parsed = new X509Certificate(kept.certificate);
    const sameKey = createPublicKey(createPrivateKey(kept.key)).equals(parsed.publicKey);
    if (sameKey && parsed.validToDate.getTime() > now) return kept;
  }
  const made = issue(now);
  writeFileSync(keyFile, made.key, { mode: 0o600 });
  writeFileSync(certificateFile, made.certificate);
  return made;
}
