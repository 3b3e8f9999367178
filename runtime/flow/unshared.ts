/**
 * Keys that outlive the chunk they came with. V8's substrings of 13 or more characters keep alive what they were cut from: a kept key
 * must not hold on to a file's block.
 */
const sharedFrom = 13;
const beyondLatin1 = /[\u0100-\uffff]/;

export function unshared(key: string): string {
  if (key.length < sharedFrom) return key;
  const encoding = beyondLatin1.test(key) ? "utf16le" : "latin1";
  return Buffer.from(key, encoding).toString(encoding);
}
