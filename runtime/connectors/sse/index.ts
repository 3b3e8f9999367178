/** Server-sent events. Imports flow's interfaces, errors and feed. */
export {
  serverSentEventsSource,
  type ServerSentEventsOptions,
  type ServerSentEventsPosition,
} from "./server-sent-events-source.ts";
export type { ServerSentEvent } from "./event-parser.ts";
