/** Server-sent events. Imports flow's interfaces, errors and feed. */
export { serverSentEventsSource, type ServerSentEventsOptions } from "./server-sent-events-source.ts";
export type { ServerSentEventsPosition } from "./follow.ts";
export type { ServerSentEvent } from "./event-parser.ts";
