/**
 * Rings: the fabric between worker threads of one process, over shared memory. Imports the codec, the fabric's types and errors.
 *
 *   main thread     const rings = createRings({ workers: 4 }); start each thread with `rings` and its number
 *   each thread     const fabric = openRings(rings, thread)
 *   a thread died   abortRings(rings, error)     every other thread's onFailure is called
 *   with peers      createRings({ …, process, processes }), and openBridge(rings, mesh.enter(…)) on the main thread
 */
export { createRings, abortRings, type RingSetup, type RingOptions } from "./memory.ts";
export { openRings } from "./fabric.ts";
export { openBridge, type Bridge } from "./bridge.ts";
