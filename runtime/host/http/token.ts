import { createHash, timingSafeEqual } from "node:crypto";

/** Compares in constant time; hashing first makes lengths equal. */
export function bearerMatches(header: string | undefined, token: string): boolean {
  const given = header?.startsWith("Bearer ") === true ? header.slice("Bearer ".length) : "";
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return given !== "" && timingSafeEqual(digest(given), digest(token));
}
