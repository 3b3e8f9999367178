import { expect, test } from "vitest";
import { WeirError } from "../../runtime/errors/index.ts";
import { fromWireError, toWireError } from "../../runtime/execution/messages.ts";

const own = new RangeError("too far");
const error = new WeirError("WEIR_STEP_FAILED", 'step "x" failed', { step: "x", cause: own });

test("within a process an error comes back as itself", () => {
  expect(fromWireError(toWireError(error))).toBe(error);
});

test("between processes class, code, step and the stacks survive", () => {
  const back = fromWireError(structuredClone(toWireError(error)));
  expect(back).toBeInstanceOf(WeirError);
  expect(back).toMatchObject({ code: "WEIR_STEP_FAILED", step: "x", message: error.message, stack: error.stack });
  expect(back.cause).toMatchObject({ name: "RangeError", message: "too far", stack: own.stack });
});
