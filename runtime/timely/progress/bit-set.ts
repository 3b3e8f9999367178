/**
 * A set of small integers that is walked in order while it changes: components with changed frontiers, operators to run. Two
 * levels, so that a walk over ten thousand numbers of which few are in it costs a dozen looks.
 *
 *   #words    bit e & 31 of word e >>> 5   whether e is in it
 *   #filled   bit w & 31 of word w >>> 5   whether #words[w] is not zero
 */
export class BitSet {
  size = 0;
  #words = new Int32Array(32);
  #filled = new Int32Array(1);

  add(element: number): void {
    const word = element >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    const bits = this.#words[word]!;
    const bit = 1 << (element & 31);
    if ((bits & bit) !== 0) return;
    if (bits === 0) this.#filled[word >>> 5]! |= 1 << (word & 31);
    this.#words[word] = bits | bit;
    this.size++;
  }

  delete(element: number): void {
    const word = element >>> 5;
    const bit = 1 << (element & 31);
    if (word >= this.#words.length || (this.#words[word]! & bit) === 0) return;
    const bits = this.#words[word]! & ~bit;
    this.#words[word] = bits;
    if (bits === 0) this.#filled[word >>> 5]! &= ~(1 << (word & 31));
    this.size--;
  }

  /** The least element that is at least `from`; -1 when there is none. */
  next(from: number): number {
    if (this.size === 0) return -1;
    const word = from >>> 5;
    if (word >= this.#words.length) return -1;
    const bits = this.#words[word]! & (-1 << (from & 31));
    if (bits !== 0) return (word << 5) + lowest(bits);
    if (word + 1 === this.#words.length) return -1;
    const filled = this.#filled;
    let group = (word + 1) >>> 5;
    let words = filled[group]! & (-1 << ((word + 1) & 31));
    while (words === 0) {
      if (++group === filled.length) return -1;
      words = filled[group]!;
    }
    const found = (group << 5) + lowest(words);
    return (found << 5) + lowest(this.#words[found]!);
  }

  /** The greatest element that is at most `from`; -1 when there is none. */
  previous(from: number): number {
    if (this.size === 0 || from < 0) return -1;
    const last = this.#words.length * 32 - 1;
    const start = from > last ? last : from;
    const word = start >>> 5;
    const bits = this.#words[word]! & (-1 >>> (31 - (start & 31)));
    if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits);
    if (word === 0) return -1;
    let group = (word - 1) >>> 5;
    let words = this.#filled[group]! & (-1 >>> (31 - ((word - 1) & 31)));
    while (words === 0) {
      if (--group < 0) return -1;
      words = this.#filled[group]!;
    }
    const found = (group << 5) + 31 - Math.clz32(words);
    return (found << 5) + 31 - Math.clz32(this.#words[found]!);
  }

  #grow(words: number): void {
    let length = this.#words.length;
    while (length < words) length *= 2;
    const grown = new Int32Array(length);
    grown.set(this.#words);
    const filled = new Int32Array(length >>> 5);
    filled.set(this.#filled);
    this.#words = grown;
    this.#filled = filled;
  }
}

function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
