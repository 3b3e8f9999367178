/** Files of a snapshot: rows as compressed SQLite databases. May import errors, rows and the recovery types. */
export {
  type BatchShape,
  type DecodedFile,
  type Meta,
  type RowFilter,
  decodeDatabase,
  encodeDatabase,
  roomFor,
} from "./database.ts";
export { type FileSource, fetchFile, openFile, sha256, writeFile } from "./file.ts";
export { type FileCache, type FileCacheOptions, openFileCache } from "./file-cache.ts";
