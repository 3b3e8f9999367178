import { expect, test } from "vitest";
import { explainFault, faultOf, isMissing, withDeadline } from "../../runtime/cloud/index.ts";
import { WeirError } from "../../runtime/errors/index.ts";

const s3 = (status: number, name: string, message = name): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
const azure = (statusCode: number | undefined, code: string): Error =>
  Object.assign(new Error("GET https://account.blob/?sig=hunter2"), {
    name: "RestError",
    statusCode,
    code,
    request: { headers: { authorization: "hunter2" } },
  });

test("what both clouds throw is seen alike", () => {
  expect(faultOf(s3(404, "NoSuchKey"))).toEqual({ status: 404, code: "NoSuchKey" });
  expect(faultOf(azure(404, "BlobNotFound"))).toEqual({ status: 404, code: "BlobNotFound" });
  expect(faultOf({ statusCode: 409, details: { errorCode: "BlobAlreadyExists" } })).toEqual({
    status: 409,
    code: "BlobAlreadyExists",
  });
  expect(faultOf(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }))).toEqual({
    status: undefined,
    code: "ECONNREFUSED",
  });
  expect([undefined, null, "text"].map(faultOf)).toEqual(Array.from({ length: 3 }, () => ({ status: undefined, code: "" })));
});

test("an object is missing where the bucket is there", () => {
  expect([s3(404, "NoSuchKey"), azure(404, "BlobNotFound")].map(isMissing)).toEqual([true, true]);
  expect(
    [s3(404, "NoSuchBucket"), azure(404, "ContainerNotFound"), s3(403, "AccessDenied"), new Error("x")].map(isMissing),
  ).toEqual([false, false, false, false]);
});

test("messages say what was asked and answered, and nothing of Azure's request", () => {
  expect(explainFault(s3(403, "AccessDenied", "not yours"), "WEIR_SINK_FAILED", "writing x")).toMatchObject({
    code: "WEIR_SINK_FAILED",
    message: "writing x: 403 AccessDenied not yours",
  });
  for (const error of [azure(403, "AuthorizationFailure"), azure(undefined, "REQUEST_SEND_ERROR")]) {
    const explained = explainFault(error, "WEIR_STORE_FAILED", "reading x");
    expect(explained.message).toMatch(/^reading x: (403 AuthorizationFailure|REQUEST_SEND_ERROR)$/);
    expect(explained.cause).toBeUndefined();
  }
  const own = new WeirError("WEIR_STORE_URL", "ours");
  expect(explainFault(own, "WEIR_STORE_FAILED", "reading x")).toBe(own);
});

test("an operation that does not end is an error at its deadline, even when it ignores the signal", async () => {
  let aborted = false;
  const late = withDeadline(20, "WEIR_SOURCE_FAILED", "reading x", (signal) => {
    signal.addEventListener("abort", () => (aborted = true));
    return new Promise<never>(() => undefined);
  });
  await expect(late).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED", message: "reading x: no answer within 20 ms" });
  expect(aborted).toBe(true);
  expect(await withDeadline(1_000, "WEIR_SOURCE_FAILED", "x", async () => 7)).toBe(7);
});
