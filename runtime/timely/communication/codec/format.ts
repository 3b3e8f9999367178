/**
 * The bytes of the codec: two notations that nest in each other. Everything is little-endian and unaligned; `varint` is
 * unsigned LEB128. Every frame is self-contained: nothing is remembered from one to the next.
 *
 * A VALUE says its type in its first byte:
 *
 *   00..7f  integers 0..127           c3  undefined                       cc  object of a known shape: varint index, values
 *   80..8f  integers -16..-1          c4  i16      c5  i32      c6  f64   cd  Date: f64
 *   90..af  latin1 string, 0..31      c7  latin1 string: varint, bytes    ce  Map: varint n, n x (key, value)
 *   b0..bf  array of 0..15 values     c8  UTF-8 string: varint bytes      cf  Set: varint n, values
 *   c0      null                      c9  UTF-16 string: varint units     d0  bigint: i64      d1  bigint: sign u8, varint, bytes
 *   c1/c2   false / true              ca  array: varint n, values         d2  bytes: kind u8, varint length, bytes
 *                                     cb  object: varint n, n x name      d3  array by column: varint n, column of n
 *                                         (strings), n values
 *   A shape (the names of `cb`) gets the next index in its frame. e0..ff are free for later formats.
 *
 * A COLUMN of n values (n comes from the outside) says its layout in its first byte:
 *
 *   00 values     n values                                   07 nullable  bitmap of n bits, column of the values that are not null
 *   01 i8  02 i16  03 i32  04 f64    n numbers               08 tuple     varint arity, a column of n per place
 *   05 booleans   bitmap of n bits                           09 struct    varint fields, names (strings), a column of n per field
 *   06 strings    form u8, width u8 (1, 2, 4), n lengths     0a list      width u8, n lengths, column of their sum
 *                 in UTF-16 units, varint bytes, bytes       0b empty     n = 0
 *                                                            0c sparse    varint fields, names; per field u8 1 and a column
 *                                                                         of n, or u8 0, bitmap of n bits, column of those set
 *
 * Structs and lists hold columns, so a batch of records is stored field by field, as in Arrow's nested layouts.
 */

export const Tag = {
  null: 0xc0,
  false: 0xc1,
  true: 0xc2,
  undefined: 0xc3,
  i16: 0xc4,
  i32: 0xc5,
  f64: 0xc6,
  latin1: 0xc7,
  utf8: 0xc8,
  utf16: 0xc9,
  array: 0xca,
  newShape: 0xcb,
  shape: 0xcc,
  date: 0xcd,
  map: 0xce,
  set: 0xcf,
  bigint64: 0xd0,
  bigint: 0xd1,
  bytes: 0xd2,
  columnArray: 0xd3,
} as const;

export const Layout = {
  values: 0,
  i8: 1,
  i16: 2,
  i32: 3,
  f64: 4,
  booleans: 5,
  strings: 6,
  nullable: 7,
  tuple: 8,
  struct: 9,
  list: 10,
  empty: 11,
  sparse: 12,
} as const;

/** How the characters of a string column are stored: the first that keeps every string exactly. */
export const StringForm = { latin1: 0, utf8: 1, utf16: 2 } as const;

/** Deeper values (a cycle, most likely) are refused by writer and reader alike, before the stack is at risk. */
export const maximumDepth = 500;
/** Arrays of at least this length are stored by column inside a value. */
export const columnArrayLength = 32;
/** Arrays up to this length may be taken for tuples. */
export const maximumArity = 16;

/** Kinds of `Tag.bytes`: the index is the byte that is stored. Append only. */
export const byteKinds = [
  ArrayBuffer,
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
] as const;
