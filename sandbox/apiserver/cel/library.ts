// The functions Kubernetes adds to CEL, as far as CustomResourceDefinitions commonly use them: lists, strings, regular
// expressions, sets, quantities, URLs, IP addresses. What is not here is refused when a definition is created, not later.

import type { Environment } from "@marcbachmann/cel-js";
import { BlockList, isIP } from "node:net";
import { compilePattern } from "../schema/pattern.ts";
import { canonicalQuantity, parseQuantity, type Quantity } from "./quantity.ts";

type Value = unknown;
/** Kubernetes values of these types are opaque to rules. */
class QuantityValue {
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }
}
class UrlValue {
  readonly url: URL;
  constructor(url: URL) {
    this.url = url;
  }
}
class IpValue {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
class CidrValue {
  readonly address: string;
  readonly length: number;
  constructor(address: string, length: number) {
    this.address = address;
    this.length = length;
  }
}
class Sets {}

function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  // eslint-disable-next-line eqeqeq -- 1n and 1.0 are equal in CEL
  if ((typeof a === "bigint" || typeof a === "number") && (typeof b === "bigint" || typeof b === "number")) return a == b;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => same((a as Record<string, Value>)[key], (b as Record<string, Value>)[key]))
  );
}

const less = (a: Value, b: Value): boolean => (a as number) < (b as number);

function extreme(list: Value[], better: (a: Value, b: Value) => boolean, name: string): Value {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (better(item, best) ? item : best));
}

function quantityOf(text: string): QuantityValue {
  const quantity = parseQuantity(text);
  if (!quantity) throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return new QuantityValue(quantity);
}

function cidrOf(text: string): CidrValue | undefined {
  const [address = "", length = ""] = text.split("/");
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(length) || Number(length) > (family === 4 ? 32 : 128)) return undefined;
  return new CidrValue(address, Number(length));
}

function contains(cidr: CidrValue, address: string): boolean {
  const family = isIP(cidr.address) === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(cidr.address, cidr.length, family);
  return isIP(address) === isIP(cidr.address) && list.check(address, family);
}

function format(template: string, values: Value[]): string {
  let at = 0;
  return template.replaceAll(/%(\.(\d+))?([sdfexXob%])/g, (_whole, _dot, digits: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (at >= values.length) throw new Error("index out of range in format string");
    const value = values[at++];
    if (verb === "f") return Number(value).toFixed(digits === undefined ? 6 : Number(digits));
    if (verb === "e") return Number(value).toExponential(digits === undefined ? 6 : Number(digits));
    if (verb === "x") return BigInt(value as bigint).toString(16);
    if (verb === "X")
      return BigInt(value as bigint)
        .toString(16)
        .toUpperCase();
    if (verb === "o") return BigInt(value as bigint).toString(8);
    if (verb === "b") return typeof value === "boolean" ? String(value) : BigInt(value as bigint).toString(2);
    return text(value);
  });
}

export function text(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    if (value instanceof Date) return value.toISOString();
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${text(item)}`)
      .join(", ")}}`;
  }
  return String(value);
}

const everywhere = (pattern: string): RegExp => new RegExp(compilePattern(pattern), `${compilePattern(pattern).flags}g`);

const big = (value: number): bigint => BigInt(value);

/** Adds the functions to `environment`, which is handed back. */
export function addKubernetesFunctions(environment: Environment): Environment {
  const define = (signature: string, handler: (...values: never[]) => Value): void =>
    void environment.registerFunction(signature, handler as (...values: Value[]) => Value);
  environment.registerType("sets", Sets).registerConstant("sets", "sets", new Sets() as never);
  environment
    .registerType("Quantity", QuantityValue)
    .registerType("URL", UrlValue)
    .registerType("IP", IpValue)
    .registerType("CIDR", CidrValue);

  define("list.sum(): dyn", (list: (bigint | number)[]) =>
    (list as bigint[]).reduce<bigint | number>((a, b) => (typeof b === "number" ? Number(a) + b : (a as bigint) + b), 0n),
  );
  define("list.min(): dyn", (list: Value[]) => extreme(list, less, "min"));
  define("list.max(): dyn", (list: Value[]) => extreme(list, (a, b) => less(b, a), "max"));
  define("list.isSorted(): bool", (list: Value[]) => list.every((item, index) => index === 0 || !less(item, list[index - 1])));
  define("list.indexOf(dyn): int", (list: Value[], item: Value) => big(list.findIndex((one) => same(one, item))));
  define("list.lastIndexOf(dyn): int", (list: Value[], item: Value) => big(list.findLastIndex((one) => same(one, item))));
  define("sets.contains(list, list): bool", (_: Sets, a: Value[], b: Value[]) =>
    b.every((item) => a.some((one) => same(one, item))),
  );
  define("sets.intersects(list, list): bool", (_: Sets, a: Value[], b: Value[]) =>
    b.some((item) => a.some((one) => same(one, item))),
  );
  define("sets.equivalent(list, list): bool", (_: Sets, a: Value[], b: Value[]) =>
    [a, b].every((left, i) => left.every((item) => [b, a][i]!.some((one) => same(one, item)))),
  );

  define("string.replace(string, string): string", (from: string, old: string, now: string) => from.replaceAll(old, now));
  define("string.replace(string, string, int): string", (from: string, old: string, now: string, limit: bigint) => {
    let left = limit < 0n ? Infinity : Number(limit);
    return from.replaceAll(old, (whole) => (left-- > 0 ? now : whole));
  });
  define("string.charAt(int): string", (from: string, index: bigint) => [...from][Number(index)] ?? "");
  define("string.find(string): string", (from: string, pattern: string) => compilePattern(pattern).exec(from)?.[0] ?? "");
  define("string.findAll(string): list<string>", (from: string, pattern: string) => from.match(everywhere(pattern)) ?? []);
  define("string.findAll(string, int): list<string>", (from: string, pattern: string, limit: bigint) => {
    const all = from.match(everywhere(pattern)) ?? [];
    return limit < 0n ? all : all.slice(0, Number(limit));
  });
  define("string.format(list): string", (template: string, values: Value[]) => format(template, values));

  define("isQuantity(string): bool", (value: string) => parseQuantity(value) !== undefined);
  define("quantity(string): Quantity", quantityOf);
  const nanos = (value: QuantityValue): bigint => value.quantity.nanos;
  define("Quantity.isGreaterThan(Quantity): bool", (a: QuantityValue, b: QuantityValue) => nanos(a) > nanos(b));
  define("Quantity.isLessThan(Quantity): bool", (a: QuantityValue, b: QuantityValue) => nanos(a) < nanos(b));
  define("Quantity.compareTo(Quantity): int", (a: QuantityValue, b: QuantityValue) =>
    nanos(a) < nanos(b) ? -1n : nanos(a) > nanos(b) ? 1n : 0n,
  );
  define("Quantity.sign(): int", (a: QuantityValue) => (nanos(a) < 0n ? -1n : nanos(a) > 0n ? 1n : 0n));
  define("Quantity.isInteger(): bool", (a: QuantityValue) => nanos(a) % 1_000_000_000n === 0n);
  define("Quantity.asInteger(): int", (a: QuantityValue) => {
    if (nanos(a) % 1_000_000_000n !== 0n) throw new Error("cannot convert value to integer");
    return nanos(a) / 1_000_000_000n;
  });
  define("Quantity.asApproximateFloat(): double", (a: QuantityValue) => Number(nanos(a)) / 1e9);
  const sum = (a: QuantityValue, change: bigint): QuantityValue => new QuantityValue({ ...a.quantity, nanos: nanos(a) + change });
  define("Quantity.add(Quantity): Quantity", (a: QuantityValue, b: QuantityValue) => sum(a, nanos(b)));
  define("Quantity.add(int): Quantity", (a: QuantityValue, b: bigint) => sum(a, b * 1_000_000_000n));
  define("Quantity.sub(Quantity): Quantity", (a: QuantityValue, b: QuantityValue) => sum(a, -nanos(b)));
  define("Quantity.sub(int): Quantity", (a: QuantityValue, b: bigint) => sum(a, -b * 1_000_000_000n));
  define("string(Quantity): string", (a: QuantityValue) => canonicalQuantity(a.quantity));

  const isUrl = (value: string): boolean => /^([a-z][a-z0-9+.-]*:\/\/|\/)/i.test(value) && URL.canParse(value, "http://-");
  define("isURL(string): bool", isUrl);
  define("url(string): URL", (value: string) => {
    if (!isUrl(value))
      throw new Error(`URL parse error during conversion from string: parse ${JSON.stringify(value)}: invalid URI for request`);
    return new UrlValue(new URL(value, "relative://-"));
  });
  const relative = ({ url }: UrlValue): boolean => url.protocol === "relative:";
  define("URL.getScheme(): string", (value: UrlValue) => (relative(value) ? "" : value.url.protocol.replace(/:$/, "")));
  define("URL.getHost(): string", (value: UrlValue) => (relative(value) ? "" : value.url.host));
  define("URL.getHostname(): string", (value: UrlValue) => (relative(value) ? "" : value.url.hostname.replace(/^\[|\]$/g, "")));
  define("URL.getPort(): string", (value: UrlValue) => value.url.port);
  define("URL.getEscapedPath(): string", (value: UrlValue) => value.url.pathname);
  define("URL.getQuery(): map", (value: UrlValue) =>
    Object.fromEntries([...new Set(value.url.searchParams.keys())].map((key) => [key, value.url.searchParams.getAll(key)])),
  );

  define("isIP(string): bool", (value: string) => isIP(value) !== 0);
  define("ip(string): IP", (value: string) => {
    if (isIP(value) === 0)
      throw new Error(
        `IP Address ${JSON.stringify(value)} parse error during conversion from string: ParseAddr(${JSON.stringify(value)}): unable to parse IP`,
      );
    return new IpValue(value);
  });
  define("IP.family(): int", (value: IpValue) => big(isIP(value.text)));
  define("IP.isLoopback(): bool", (value: IpValue) => value.text === "::1" || value.text.startsWith("127."));
  define("isCIDR(string): bool", (value: string) => cidrOf(value) !== undefined);
  define("cidr(string): CIDR", (value: string) => {
    const cidr = cidrOf(value);
    if (!cidr) throw new Error(`network address parse error during conversion from string: ${JSON.stringify(value)}`);
    return cidr;
  });
  define("CIDR.prefixLength(): int", (value: CidrValue) => big(value.length));
  define("CIDR.containsIP(string): bool", contains);
  define("CIDR.containsIP(IP): bool", (cidr: CidrValue, value: IpValue) => contains(cidr, value.text));
  return environment;
}
