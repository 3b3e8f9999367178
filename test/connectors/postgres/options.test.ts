import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadDriver } from "../../../runtime/connectors/postgres/driver.ts";
import { passesWithTime } from "../../../runtime/connectors/postgres/failure.ts";
import { postgresSink } from "../../../runtime/connectors/postgres/index.ts";
import { stagingTables } from "../../../runtime/connectors/postgres/staging.ts";

test("options that make no sense are refused, without showing secrets", () => {
  const refused = (options: object, word: string) => {
    try {
      postgresSink({ table: "t", ...options });
    } catch (error) {
      expect(error).toMatchObject({ code: "WEIR_FLOW_OPTION", message: expect.stringContaining(word) });
      expect((error as Error).message).not.toContain("hush");
      return;
    }
    expect.unreachable();
  };
  refused({ table: "" }, "table");
  refused({ key: [] }, "key");
  refused({ key: ["a", "a"] }, "key");
  refused({ columns: "a" }, "columns");
  refused({ row: {} }, "row");
  refused({ deletes: () => true }, "deletes needs key");
  refused({ guarantee: "maybe" }, "guarantee");
  refused({ batchSize: 0 }, "batchSize");
  refused({ poolSize: 1 }, "poolSize");
  refused({ retryForMs: -1 }, "retryForMs");
  refused({ connectionString: { password: "hush" } }, "connectionString");
  refused({ connection: "postgres://me:hush@there" }, "connection");
});

test("a missing driver is an error that names the command which installs it", async () => {
  const missing = Object.assign(new Error("Cannot find package 'pg'"), { code: "ERR_MODULE_NOT_FOUND" });
  await expect(loadDriver(() => Promise.reject(missing))).rejects.toMatchObject({
    code: "WEIR_SINK_FAILED",
    message: expect.stringContaining("npm install pg"),
  });
  expect((await loadDriver()).Pool).toBeTypeOf("function");
});

test("what is wrong with the connection or with other writers passes with time, what is wrong with the data does not", () => {
  const of = (code: string) => Object.assign(new Error("x"), { code });
  for (const code of ["ECONNREFUSED", "ECONNRESET", "08006", "57P01", "57P03", "53300", "40001", "40P01", "25006"])
    expect(passesWithTime(of(code)), code).toBe(true);
  for (const code of ["23505", "22P02", "42P01", "42501", "28P01", "3D000"]) expect(passesWithTime(of(code)), code).toBe(false);
  expect(passesWithTime(new Error("Connection terminated unexpectedly"))).toBe(true);
  expect(passesWithTime(new AggregateError([of("ECONNREFUSED")]))).toBe(true);
  expect(passesWithTime(new TypeError("x is not a function"))).toBe(false);
});

test("the page shows the tables as they are created", () => {
  const page = readFileSync("docs/connectors/postgres.md", "utf8");
  for (const statement of stagingTables("any")) expect(page).toContain(`${statement.replaceAll('"any".', "")};`);
});
