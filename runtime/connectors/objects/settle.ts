/**
 * Makes prepared objects appear, or gives them up. Both may be asked for more than once, and their answers may get lost: an
 * object is known by the token of its upload.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { faultOf, isMissing } from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";
import type { Bucket, ObjectStat } from "./bucket.ts";
import { type Patience, patiently } from "./patience.ts";
import type { PreparedObject } from "./upload.ts";

const atOnce = 8;
const looks = 4;
const lookEveryMs = 250;

/**
 * @param mayBeGone an object that is not there has appeared before, and a reader has removed it
 * @throws WEIR_SINK_STATE when another object is in the way, WEIR_SINK_LOST when the upload is gone and no object is there
 */
export async function completeAll(
  bucket: Bucket,
  objects: readonly PreparedObject[],
  patience: Patience,
  mayBeGone: boolean,
): Promise<void> {
  await eachOf(objects, (object) => complete(bucket, object, patience, mayBeGone));
}

export async function abortAll(bucket: Bucket, objects: readonly PreparedObject[], patience: Patience): Promise<void> {
  await eachOf(objects, (object) =>
    patiently(patience, `aborting ${bucket.url}/${object.key}`, (signal) => bucket.abortUpload(object, signal)),
  );
}

async function complete(bucket: Bucket, object: PreparedObject, patience: Patience, mayBeGone: boolean): Promise<void> {
  const name = `${bucket.url}/${object.key}`;
  const look = (): Promise<ObjectStat | undefined> =>
    patiently(patience, `looking at ${name}`, (signal) => bucket.stat(object.key, signal));
  let refusal: unknown;
  try {
    return await patiently(
      patience,
      `completing ${name}`,
      (signal) => bucket.completeUpload(object, object.parts, signal),
      (error) => isMissing(error) || [400, 409, 412].includes(faultOf(error).status ?? 0),
    );
  } catch (error) {
    const { status } = faultOf(error);
    if (!isMissing(error) && status !== 400 && status !== 409 && status !== 412) throw error;
    refusal = error;
  }
  let found = await look();
  // Another who completes it may be in the midst of doing so.
  for (let tries = 1; found === undefined && tries < looks; tries++) {
    await sleep(lookEveryMs);
    found = await look();
  }
  if (found?.token === object.token) return;
  const { status, code } = faultOf(refusal);
  if (found !== undefined) {
    throw new WeirError(
      "WEIR_SINK_STATE",
      `${name} was written by another flow, or by this one with another store. Move that object away to let this one appear.`,
    );
  }
  // Two who complete it at once, of which one died: the service says so once, and not for long.
  if (status === 409 || status === 412)
    throw new WeirError("WEIR_SINK_INTERRUPTED", `${name} could not be completed: ${status} ${code}`);
  if (mayBeGone) return;
  throw new WeirError(
    "WEIR_SINK_LOST",
    `${name} is not there, and its upload is gone (${status} ${code}): was it aborted, by a lifecycle rule for instance? ` +
      "If a reader has removed the finished object, set ifLost.",
  );
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      for (const item of left) await work(item);
    }),
  );
}
