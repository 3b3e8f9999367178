/**
 * A set of small integers that is walked in order while it changes: components with changed frontiers, operators to run.
 * A walk costs one look per 32 numbers that are not in it.
 */
export class BitSet {
  size = 0;
  #words = new Int32Array(4);

  add(element: number): void {
    const word = element >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    const bit = 1 << (element & 31);
    if ((this.#words[word]! & bit) !== 0) return;
    this.#words[word]! |= bit;
    this.size++;
  }

  delete(element: number): void {
    const bit = 1 << (element & 31);
    const word = element >>> 5;
    if (word >= this.#words.length || (this.#words[word]! & bit) === 0) return;
    this.#words[word]! &= ~bit;
    this.size--;
  }

  /** The least element that is at least `from`; -1 when there is none. */
  next(from: number): number {
    if (this.size === 0) return -1;
    const words = this.#words;
    let word = from >>> 5;
    if (word >= words.length) return -1;
    let bits = words[word]! & (-1 << (from & 31));
    while (bits === 0) {
      if (++word === words.length) return -1;
      bits = words[word]!;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  /** The greatest element that is at most `from`; -1 when there is none. */
  previous(from: number): number {
    if (this.size === 0 || from < 0) return -1;
    const words = this.#words;
    let word = from >>> 5;
    let bits: number;
    if (word >= words.length) {
      word = words.length - 1;
      bits = words[word]!;
    } else bits = words[word]! & (-1 >>> (31 - (from & 31)));
    while (bits === 0) {
      if (--word < 0) return -1;
      bits = words[word]!;
    }
    return (word << 5) + 31 - Math.clz32(bits);
  }

  #grow(words: number): void {
    const grown = new Int32Array(Math.max(words, this.#words.length * 2));
    grown.set(this.#words);
    this.#words = grown;
  }
}
