/** WebSockets as sources. Imports flow's interfaces, errors, feed and `ws`. */
export { webSocketSource, type WebSocketPosition } from "./web-socket-source.ts";
export type { WebSocketMessage, WebSocketResume, WebSocketSourceOptions } from "./options.ts";
