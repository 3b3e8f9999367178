/**
 * The main thread's place among the rings: carries frames of its worker threads to the mesh and the mesh's to them, in the
 * order in which they came. It decodes nothing, and queues nothing that credit does not bound.
 */
import { asWeirError, invariant } from "../../../errors/index.ts";
import type { RemotePort } from "../remote.ts";
import { createDoorbell } from "./doorbell.ts";
import { giveCredit, Upward } from "./fabric.ts";
import { abortReason, abortRings, Cell, cellsOf, memberCell, type RingSetup } from "./memory.ts";
import { createRingReader, createRingWriter } from "./ring.ts";

export interface Bridge {
  /** Takes the bridge down once the threads' last frames are on their way. Leaves the execution on the mesh. */
  close(): void;
}

/** Bridges `setup`'s threads to the mesh. Failures of the mesh reach the threads' fabrics. */
export function openBridge(setup: RingSetup, port: RemotePort): Bridge {
  const { workers, members, first } = setup;
  const bridge = workers;
  invariant(members === workers + 1 && port.threads === workers, "rings made without `processes` have no bridge");
  const cells = cellsOf(setup);
  const threads = Array.from({ length: workers }, (_, thread) => thread);
  const writers = threads.map((thread) => createRingWriter(setup, bridge, thread));
  const readers = threads.map((thread) => createRingReader(setup, thread, bridge));
  const receivers = threads.map((thread) => ({
    bytes: (word: number, bytes: Uint8Array) => upward(first + thread, word, bytes),
    words: (word: number) => invariant(false, `a frame of words came up from thread ${thread}: ${word}`),
  }));
  let closed = false;
  const doorbell = createDoorbell(setup, bridge, ready, arrived);

  function ready(): boolean {
    if (abortReason(setup, cells) !== undefined) return true;
    return readers.some((reader) => reader.ready()) || writers.some((writer) => writer.unstuck());
  }
  function arrived(): void {
    if (closed) return;
    if (abortReason(setup, cells) !== undefined) return end();
    drain();
    publish();
    doorbell.watch();
  }
  function drain(): void {
    try {
      for (const thread of threads) readers[thread]!.read(receivers[thread]!);
    } catch (error) {
      abortRings(setup, asWeirError(error, "WEIR_PEER_LOST", "frames could not be handed to the mesh"));
    }
    port.flush();
  }
  function upward(from: number, word: number, bytes: Uint8Array): void {
    if (word === Upward.broadcast) return port.broadcast(from, bytes);
    if (word !== Upward.credit) return port.message(from, word, bytes);
    const pairs = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < pairs.byteLength; at += 8) port.credit(from, pairs.getUint32(at, true), pairs.getUint32(at + 4, true));
  }
  function publish(): void {
    for (const writer of writers) writer.publish();
  }
  function downward(thread: number, from: number, bytes: Uint8Array): void {
    if (Atomics.load(cells, memberCell(thread) + Cell.closed) === 0) writers[thread]!.write(from, bytes);
    else writers[thread]!.drop();
  }
  function end(): void {
    if (closed) return;
    closed = true;
    doorbell.close();
    port.leave();
  }

  port.attach({
    message(from, target, bytes) {
      if (target !== undefined) downward(target - first, from, bytes);
      else for (const thread of threads) downward(thread, from, bytes);
    },
    credit: (from, target, bytes) => giveCredit(setup, cells, target - first, from, bytes),
    arrived: publish,
    fail: (error) => abortRings(setup, error),
  });
  doorbell.watch();
  return {
    close() {
      if (closed) return;
      drain();
      end();
    },
  };
}
