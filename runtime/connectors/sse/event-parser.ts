/**
 * The event stream format of the HTML standard (section "Server-sent events", parsing and interpreting), fed with bytes as they
 * come: pieces may end anywhere, inside of a character or between CR and LF. What the stream ends in the middle of is no event.
 */
export interface ServerSentEvent {
  /** The `event` field; "message" when there is none. */
  readonly type: string;
  /** The lines of the `data` fields, with "\n" between them. */
  readonly data: string;
  /** The last `id` that the stream gave, with this event or before; "" = none yet. */
  readonly id: string;
}

export interface EventParserEvents {
  /** An event, or undefined where a block has only moved the last id. */
  onEvent(event: ServerSentEvent | undefined, lastEventId: string): void;
  /** A `retry` field, in ms. */
  onRetry(ms: number): void;
}
export interface EventParser {
  /** Throws RangeError when one event is longer than `longest` characters. */
  push(bytes: Uint8Array): void;
}

export function createEventParser(
  { onEvent, onRetry }: EventParserEvents,
  lastEventId = "",
  longest: number = 16 * 1024 * 1024,
): EventParser {
  // Removes one byte order mark, and puts U+FFFD where bytes are no UTF-8.
  const decoder = new TextDecoder("utf-8");
  let line = "";
  /** The last piece ended with CR: a LF that comes first now belongs to it. */
  let afterReturn = false;
  let data = "";
  let hasData = false;
  let type = "";
  let id = lastEventId;

  const dispatch = (): void => {
    const moved = id !== lastEventId;
    lastEventId = id;
    if (hasData) onEvent({ type: type === "" ? "message" : type, data, id }, id);
    else if (moved) onEvent(undefined, id);
    data = type = "";
    hasData = false;
  };
  const field = (name: string, value: string): void => {
    switch (name) {
      case "data":
        data = hasData ? `${data}\n${value}` : value;
        hasData = true;
        break;
      case "event":
        type = value;
        break;
      case "id":
        if (!value.includes("\0")) id = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value)) onRetry(Number(value));
        break;
      default:
    }
  };
  const interpret = (text: string): void => {
    if (text === "") return dispatch();
    const colon = text.indexOf(":");
    if (colon === 0) return;
    if (colon < 0) return field(text, "");
    field(text.slice(0, colon), text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1));
  };
  return {
    push(bytes) {
      let text = decoder.decode(bytes, { stream: true });
      if (text === "") return;
      if (afterReturn && text[0] === "\n") text = text.slice(1);
      afterReturn = text === "" ? false : text.endsWith("\r");
      const ends = /\r\n|\n|\r/g;
      let from = 0;
      for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
        const rest = text.slice(from, end.index);
        from = ends.lastIndex;
        const whole = line + rest;
        line = "";
        interpret(whole);
      }
      line += text.slice(from);
      if (line.length + data.length > longest) throw new RangeError(`an event is longer than ${longest} characters`);
    },
  };
}
