import { describe, expect, it } from "vitest";
import { pathRewriter } from "../../../sandbox/kubelet/mounts.ts";

describe("rewriting mount paths", () => {
  const rewrite = pathRewriter([
    { mountPath: "/data", source: "/pods/1/data" },
    { mountPath: "/data/cache/", source: "/pods/1/cache" },
    { mountPath: "/etc/app.d", source: "/pods/1/app" },
  ]);

  it.each([
    ["/data", "/pods/1/data"],
    ["/data/file.txt", "/pods/1/data/file.txt"],
    ["/data/cache/x", "/pods/1/cache/x"],
    ["--dir=/data", "--dir=/pods/1/data"],
    ["file:///data/x", "file:///pods/1/data/x"],
    ["/data:/etc/app.d", "/pods/1/data:/pods/1/app"],
    [`{"path":"/data/a","to":'/data'}`, `{"path":"/pods/1/data/a","to":'/pods/1/data'}`],
    ["/data/*.csv /data", "/pods/1/data/*.csv /pods/1/data"],
  ])("finds %s", (text, expected) => expect(rewrite(text)).toBe(expected));

  it.each(["/database", "/mnt/data", "/data-old/x", "/data.txt", "data/x", "../data", "s3://bucket/data", "/etc/appxd"])(
    "leaves %s alone",
    (text) => {
      expect(rewrite(text)).toBe(text);
    },
  );

  it("does not rewrite what it has just put in", () => {
    const loop = pathRewriter([
      { mountPath: "/a", source: "/b/a" },
      { mountPath: "/b", source: "/a" },
    ]);
    expect(loop("/a/x /b/x")).toBe("/b/a/x /a/x");
  });
});
