/** Starting threads and talking with them. May import errors and the recovery types. */
export { type PostedError, fromPosted, onThreadDeath, postable, startThread, toPosted, transferable } from "./start-thread.ts";
