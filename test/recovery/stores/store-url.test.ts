import { describe, expect, test } from "vitest";
import { openStore, parseStoreUrl } from "../../../runtime/recovery/stores/index.ts";

describe("a store URL", () => {
  test.each([
    ["file:///var/lib/weir", { scheme: "file", directory: "/var/lib/weir", url: "file:///var/lib/weir" }],
    ["file:///var/lib/weir/", { scheme: "file", directory: "/var/lib/weir", url: "file:///var/lib/weir" }],
    ["file:///with%20space", { scheme: "file", directory: "/with space" }],
    ["s3://bucket", { scheme: "s3", container: "bucket", prefix: "", url: "s3://bucket" }],
    ["s3://my.bucket-1/a/b/", { scheme: "s3", container: "my.bucket-1", prefix: "a/b", url: "s3://my.bucket-1/a/b" }],
    ["azure://states/flows/x", { scheme: "azure", container: "states", prefix: "flows/x" }],
  ])("%s is understood", (url, expected) => {
    expect(parseStoreUrl(url)).toMatchObject(expected);
  });

  test.each([
    "",
    "/tmp/state",
    "state",
    "gs://bucket/x",
    "http://bucket/x",
    "file:relative",
    "file://host/dir",
    "file:///",
    "s3:///prefix",
    "s3://",
    "s3:bucket",
    "azure:///x",
    "s3://b?x=y",
    "file:///a%2Fb%zz",
  ])("%j is refused when the store is opened", (url) => {
    expect(() => openStore(url)).toThrow(expect.objectContaining({ code: "WEIR_STORE_URL" }));
  });

  test.each(["s3://AKIAKEY:hunter2@bucket/x", "gs://user:hunter2@host/x", "azure://c/x?sig=hunter2", "not a url //user:hunter2@x"])(
    "%s is refused without repeating the secret",
    (url) => {
      expect(() => openStore(url)).toThrow(
        expect.objectContaining({ code: "WEIR_STORE_URL", message: expect.not.stringContaining("hunter2") }),
      );
    },
  );
});
