/** From items to the bytes of one object. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";

export interface Encoder {
  /** The bytes that are complete now; undefined: none yet. Throws WEIR_SINK_FAILED for items that the format has no place for. */
  add(items: readonly unknown[]): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** The bytes that end the object. */
  end(): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Held back until a row group is full, in bytes, roughly. */
  readonly held: number;
}

/** A JSON value per line. */
export function jsonlEncoder(): Encoder {
  return {
    held: 0,
    add(items) {
      let text = "";
      for (const item of items) text += `${jsonOf(item)}\n`;
      return Buffer.from(text);
    },
    end: () => undefined,
  };
}

function jsonOf(item: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(item);
  } catch (error) {
    throw new WeirError("WEIR_SINK_FAILED", `Cannot write ${show(item)} as JSON: ${(error as Error).message}`, { cause: error });
  }
  if (json === undefined) throw new WeirError("WEIR_SINK_FAILED", `Cannot write ${show(item)} as JSON: it has none`);
  return json;
}
