import { expect, test } from "vitest";
import { createRowRecorder } from "../../runtime/execution/row-recorder.ts";
import { forEachRow } from "../../runtime/recovery/index.ts";
import { decodeValue } from "../../runtime/timely/communication/codec/index.ts";

test("a position is recorded when it has changed, each part's for itself, and when it changes back", () => {
  const rows: unknown[] = [];
  const recorder = createRowRecorder(true, (batch) =>
    forEachRow(batch, { part: (step, part, value, epoch) => void rows.push([epoch, step, part, decodeValue(value)]) }),
  );
  recorder.part("in", 1, "a", { at: 5 });
  recorder.part("in", 1, "b", { at: 5 });
  recorder.part("other", 1, "a", { at: 5 });
  recorder.part("in", 2, "a", { at: 5 });
  recorder.part("in", 3, "a", { at: 6 });
  recorder.flush();
  recorder.part("in", 4, "a", { at: 6 });
  recorder.part("in", 5, "a", { at: 5 });
  recorder.flush();
  expect(rows).toEqual([
    [1, "in", "a", { at: 5 }],
    [1, "in", "b", { at: 5 }],
    [1, "other", "a", { at: 5 }],
    [3, "in", "a", { at: 6 }],
    [5, "in", "a", { at: 5 }],
  ]);
});

test("who waits for room is told once when there is some", () => {
  const recorder = createRowRecorder(true, () => {});
  let told = 0;
  recorder.onRoom(() => told++);
  expect(recorder.full).toBe(false);
  recorder.setFull(false);
  recorder.setFull(true);
  expect([recorder.full, told]).toEqual([true, 0]);
  recorder.setFull(false);
  recorder.setFull(false);
  expect([recorder.full, told]).toEqual([false, 1]);
});
