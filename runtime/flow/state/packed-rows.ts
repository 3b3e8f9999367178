/**
 * Stored rows of one partition of a step that nothing has touched since they were loaded: their bytes behind an index, where an
 * object, a string and a place in a Map for each would take ten times as long to make and several times the memory. A key that is
 * touched is taken out, once; most keys of a big state may never be.
 *
 *   words   key length u32 · value length u32 (all ones: gone) · key UTF-8 · value · padding to 4 bytes     one row after the other
 *   slots   1 + index of the row's first word u32 · hash of the key u32                  open addressing, at most half full
 *
 * A row is never overwritten: views of its value stay what they are.
 */
import { Buffer } from "node:buffer";

const gone = 0xffff_ffff;
const worthFreeing = 64 * 1024;

export class PackedRows {
  /** Rows that are here. */
  size = 0;
  #bytes = Buffer.allocUnsafeSlow(4096);
  #words = wordsOf(this.#bytes);
  /** Words in use. */
  #end = 0;
  #slots = new Uint32Array(128);
  /** There may be views of `#bytes`. */
  #lent = false;
  /** Slots in use: those of rows that are gone stay. */
  #used = 0;

  /** Adds a row, in the place of an earlier one of its key. */
  put(source: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    if (this.#used * 4 >= this.#slots.length) this.#growSlots();
    const hash = hashBytes(source, keyStart, keyEnd);
    const slot = this.#find(source, keyStart, keyEnd, hash);
    const row = this.#append(source, keyStart, keyEnd, valueStart, valueEnd);
    const before = this.#slots[slot]!;
    if (before === 0) this.#used++;
    if (before === 0 || this.#words[before]! === gone) this.size++;
    this.#slots[slot] = row + 1;
    this.#slots[slot + 1] = hash;
  }

  /** A later file says that the key was removed. Gives whether it was here. */
  remove(source: Uint8Array, keyStart: number, keyEnd: number): boolean {
    return this.#drop(this.#slots[this.#find(source, keyStart, keyEnd, hashBytes(source, keyStart, keyEnd))]!);
  }

  /** The value of a key, a view. */
  read(key: string): Uint8Array | undefined {
    return this.#value(this.#lookUp(key));
  }

  /** As `read`, and the row is gone. */
  take(key: string): Uint8Array | undefined {
    const found = this.#lookUp(key);
    const value = this.#value(found);
    this.#drop(found);
    return value;
  }

  *keys(): Generator<string, void, undefined> {
    for (let slot = 0; slot < this.#slots.length; slot += 2) {
      const found = this.#slots[slot]!;
      if (found === 0 || this.#words[found]! === gone) continue;
      const start = (found + 1) * 4;
      yield this.#bytes.toString("utf8", start, start + this.#words[found - 1]!);
    }
  }

  /** `found`: what stands in a slot. */
  #value(found: number): Uint8Array | undefined {
    if (found === 0 || this.#words[found]! === gone) return undefined;
    const start = (found + 1) * 4 + this.#words[found - 1]!;
    this.#lent = true;
    return this.#bytes.subarray(start, start + this.#words[found]!);
  }

  #drop(found: number): boolean {
    if (found === 0 || this.#words[found]! === gone) return false;
    this.#words[found] = gone;
    this.size--;
    return true;
  }

  #lookUp(key: string): number {
    // A key of ASCII alone, as most are, is compared unit by unit with no bytes made for it.
    const length = key.length;
    let hash = seed;
    for (let i = 0; i < length; i++) {
      const unit = key.charCodeAt(i);
      if (unit > 0x7f) return this.#lookUpEncoded(key);
      hash = Math.imul(hash ^ unit, prime);
    }
    hash = finish(hash);
    const slots = this.#slots;
    for (let slot = slotOf(hash, slots.length); ; slot = (slot + 2) & (slots.length - 1)) {
      const found = slots[slot]!;
      if (found === 0) return 0;
      if (slots[slot + 1] !== hash || this.#words[found - 1] !== length) continue;
      const start = (found + 1) * 4;
      let i = 0;
      while (i < length && this.#bytes[start + i] === key.charCodeAt(i)) i++;
      if (i === length) return found;
    }
  }

  #lookUpEncoded(key: string): number {
    // Half of a surrogate pair is never stored, and would be taken for U+FFFD.
    if (!key.isWellFormed()) return 0;
    const bytes = Buffer.from(key);
    return this.#slots[this.#find(bytes, 0, bytes.length, hashBytes(bytes, 0, bytes.length))]!;
  }

  /** The slot of the key, or the free one where it would go. */
  #find(source: Uint8Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const length = end - start;
    for (let slot = slotOf(hash, slots.length); ; slot = (slot + 2) & (slots.length - 1)) {
      const found = slots[slot]!;
      if (found === 0) return slot;
      if (slots[slot + 1] !== hash || this.#words[found - 1] !== length) continue;
      const at = (found + 1) * 4;
      let i = 0;
      while (i < length && this.#bytes[at + i] === source[start + i]) i++;
      if (i === length) return slot;
    }
  }

  #append(source: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): number {
    const row = this.#end;
    const start = (row + 2) * 4;
    const end = start + (keyEnd - keyStart) + (valueEnd - valueStart);
    if (end > this.#bytes.length) this.#growBytes(end);
    const bytes = this.#bytes;
    this.#words[row] = keyEnd - keyStart;
    this.#words[row + 1] = valueEnd - valueStart;
    const valueAt = copy(source, keyStart, keyEnd, bytes, start);
    copy(source, valueStart, valueEnd, bytes, valueAt);
    this.#end = (end + 3) >>> 2;
    return row;
  }

  #growBytes(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed + 4, this.#bytes.length * 2) & ~3);
    grown.set(this.#bytes.subarray(0, this.#end * 4));
    // At once: what the next partition grows by needs no new memory then, and nothing waits for a collection.
    if (!this.#lent && this.#bytes.length >= worthFreeing) this.#bytes.buffer.transfer(0);
    this.#lent = false;
    this.#bytes = grown;
    this.#words = wordsOf(grown);
  }

  #growSlots(): void {
    const before = this.#slots;
    const slots = (this.#slots = new Uint32Array(before.length * 2));
    for (let from = 0; from < before.length; from += 2) {
      if (before[from] === 0) continue;
      const hash = before[from + 1]!;
      let slot = slotOf(hash, slots.length);
      while (slots[slot] !== 0) slot = (slot + 2) & (slots.length - 1);
      slots[slot] = before[from]!;
      slots[slot + 1] = hash;
    }
  }
}

const wordsOf = (bytes: Buffer): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
const slotOf = (hash: number, length: number): number => (hash << 1) & (length - 1);

/** FNV-1a by Fowler, Noll and Vo, with the last bits mixed as in MurmurHash3: the low ones choose the slot. */
const seed = 0x811c9dc5;
const prime = 0x01000193;
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, prime);
  return finish(hash);
}
function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** Few bytes in a loop: a call into the native copy costs more than they do. Gives where it ended. */
function copy(source: Uint8Array, start: number, end: number, target: Buffer, at: number): number {
  if (end - start > 64) target.set(source.subarray(start, end), at);
  else for (let i = start, to = at; i < end; i++, to++) target[to] = source[i]!;
  return at + end - start;
}
