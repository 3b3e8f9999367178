// Packets as bytes: what is put in comes out in order; what makes no sense is refused as such.
import fc from "fast-check";
import { expect, test } from "vitest";
import { isWeirError } from "../../../../runtime/errors/index.ts";
import {
  createPacketBuilder,
  packetHead,
  readFrames,
  type FrameReceiver,
} from "../../../../runtime/timely/communication/websocket/packet.ts";

function recorder(): { seen: unknown[][]; receiver: FrameReceiver } {
  const seen: unknown[][] = [];
  const note =
    (kind: string) =>
    (...rest: unknown[]): void =>
      void seen.push([kind, ...rest.map((one) => (one instanceof Uint8Array ? [...one] : one))]);
  return { seen, receiver: { message: note("message"), credit: note("credit"), control: note("control"), enter: note("enter") } };
}

const u32 = fc.nat(0xffff_ffff);
const frame = fc.oneof(
  fc.tuple(fc.constant("message"), u32, u32, u32, fc.uint8Array({ maxLength: 50 })),
  fc.tuple(fc.constant("message"), u32, u32, u32, fc.constant(new Uint8Array(9_000).fill(7))),
  fc.tuple(fc.constant("credit"), u32, u32, u32, u32),
  fc.tuple(fc.constant("enter"), u32, u32, u32),
  fc.tuple(fc.constant("control"), fc.jsonValue(), fc.option(fc.uint8Array({ minLength: 1, maxLength: 20 }), { nil: undefined })),
);

test("frames come out as they were put in, packet after packet", () => {
  const builder = createPacketBuilder();
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
      for (const [kind, ...rest] of frames) (builder[kind as "enter"] as (...rest: unknown[]) => void)(...rest);
      expect(builder.length === 0).toBe(frames.length === 0);
      const packet = builder.seal(2 ** 40, 2 ** 40 - 1);
      expect([packet.readDoubleLE(1), packet.readDoubleLE(9)]).toEqual([2 ** 40, 2 ** 40 - 1]);
      const { seen, receiver } = recorder();
      readFrames(packet, receiver);
      const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
      const plain = (value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
      expect(seen).toEqual(
        frames.map(([kind, ...rest]) => (kind === "control" ? [kind, json(rest[0]), plain(rest[1])] : [kind, ...rest.map(plain)])),
      );
    }),
    { numRuns: 100 },
  );
});

test("altered and random packets are refused or read, and nothing else", () => {
  const builder = createPacketBuilder();
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(),
      (frames, changes, cut) => {
        for (const [kind, ...rest] of frames) (builder[kind as "enter"] as (...rest: unknown[]) => void)(...rest);
        let packet = builder.seal(1, 0);
        for (const [at, byte] of changes)
          if (packet.length > packetHead) packet[packetHead + (at % (packet.length - packetHead))] = byte;
        packet = packet.subarray(0, packetHead + (cut % (packet.length - packetHead + 1)));
        try {
          readFrames(packet, recorder().receiver);
        } catch (error) {
          if (!isWeirError(error) || error.code !== "WEIR_DECODE") throw error;
        }
      },
    ),
    { numRuns: 500 },
  );
});
