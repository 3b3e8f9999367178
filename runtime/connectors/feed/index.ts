/** What connectors that listen to a server share: a bounded mailbox, pauses between attempts, credentials. Imports errors and flow's `show`. */
export { createMailbox, type Mailbox } from "./mailbox.ts";
export { createPauses, type Pauses } from "./pauses.ts";
export { type Bearer, checkHeaders, headersFor, placeOf } from "./request.ts";
export { checkCall, checkMs, checkWhole } from "./checks.ts";
