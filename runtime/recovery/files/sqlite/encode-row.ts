/** A row of state(partition, step, key, value) as a record of SQLite's: a header of types, then the columns' bytes. */
import { Buffer } from "node:buffer";
import { copyBytes } from "../../copy-bytes.ts";
import type { SortedRow } from "../../sort-rows.ts";
import type { BtreeWriter } from "./btree-writer.ts";
import { blobType, bodyLength, integerType, textType, varintLength, writeInteger, writeVarint } from "./record.ts";

export function createRowEncoder(tree: BtreeWriter): (row: SortedRow) => void {
  let step: string | undefined;
  let stepBytes = Buffer.alloc(0);
  return (row) => {
    if (row.step !== step) {
      step = row.step;
      stepBytes = Buffer.from(step);
    }
    const removed = row.valueEnd === -1;
    const keyLength = row.keyEnd - row.keyStart;
    const valueLength = removed ? 0 : row.valueEnd - row.valueStart;
    const partitionType = integerType(row.partition);
    const stepType = textType(stepBytes.byteLength);
    const keyType = textType(keyLength);
    const valueType = removed ? 0 : blobType(valueLength);
    // The header's own length is one byte: four types of at most five bytes each follow.
    const header = 2 + varintLength(stepType) + varintLength(keyType) + varintLength(valueType);
    const partitionLength = bodyLength(partitionType);
    const length = header + partitionLength + stepBytes.byteLength + keyLength + valueLength;
    tree.begin(length);
    const { target } = tree;
    let at = tree.offset;
    target[at] = header;
    target[at + 1] = partitionType;
    at = writeVarint(target, valueType, writeVarint(target, keyType, writeVarint(target, stepType, at + 2)));
    writeInteger(target, row.partition, partitionType, at);
    at += partitionLength;
    copyBytes(stepBytes, 0, stepBytes.byteLength, target, at);
    at += stepBytes.byteLength;
    copyBytes(row.bytes, row.keyStart, row.keyEnd, target, at);
    at += keyLength;
    if (!removed) copyBytes(row.bytes, row.valueStart, row.valueEnd, target, at);
    tree.end();
  };
}
