/** What the API server does not take, in its own words: the same on every one of them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Suite } from "../suite.ts";

const name = "refused";

export function refusalCases(suite: Suite): void {
  describe("the API server refuses", () => {
    /** The spec of a good flow with something bad laid over it. */
    const withSpec = (spec: object, metadata: object = {}): unknown => {
      const object = suite.flows.manifest(name);
      const { template: _template, ...good } = object.spec;
      return { ...object, metadata: { ...object.metadata, ...metadata }, spec: { ...good, ...spec } };
    };
    const refusal = (spec: object, metadata: object = {}) => suite.flows.refusal(suite.flows.post(withSpec(spec, metadata)));
    const invalid = (message: string) => ({
      code: 422,
      reason: "Invalid",
      message: `Dataflow.weir.dev "refused" is invalid: ${message}`,
    });
    const inline = "export default 1;";

    beforeAll(async () => {
      // Suspended: no pods are needed to be refused.
      await suite.flows.create(name, { state: "Suspended" });
    });
    afterAll(() => suite.flows.remove(name));

    it("a field that there is not", async () => {
      expect(await refusal({ wrokers: 3, recovery: { store: "file:///a", storage: "b" } })).toMatchObject({
        code: 400,
        reason: "BadRequest",
        message: expect.stringContaining(
          'strict decoding error: unknown field "spec.recovery.storage", unknown field "spec.wrokers"',
        ),
      });
    });

    it("numbers out of range", async () => {
      expect(await refusal({ workers: 0 })).toEqual(
        invalid("spec.workers: Invalid value: 0: spec.workers in body should be greater than or equal to 1"),
      );
      // Several errors come in no certain order.
      const several = await refusal({ workers: 257, threadsPerWorker: 65 });
      expect(several).toMatchObject({ code: 422, reason: "Invalid", message: expect.stringContaining('"refused" is invalid: [') });
      expect(several.message).toContain(
        "spec.threadsPerWorker: Invalid value: 65: spec.threadsPerWorker in body should be less than or equal to 64",
      );
      expect(several.message).toContain(
        "spec.workers: Invalid value: 257: spec.workers in body should be less than or equal to 256",
      );
    });

    it("values of another type, and words that are not on the list", async () => {
      expect(await refusal({ workers: "3" })).toEqual(
        invalid(
          '[spec.workers: Invalid value: "string": spec.workers in body must be of type integer: "string", ' +
            ".spec.workers: Invalid value: 0: .spec.workers accessor error: 3 is of the type string, expected int64, " +
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; " +
            "correct the existing errors to complete validation]",
        ),
      );
      const state = await refusal({ state: "Paused" });
      expect(state.message).toContain('spec.state: Unsupported value: "Paused": supported values: "Running", "Suspended"');
    });

    it("what the rules forbid", async () => {
      expect(await refusal({ flow: { inline, path: "/app/flow.ts" } })).toEqual(
        invalid("spec.flow: Invalid value: give exactly one of inline, configMap and path"),
      );
      expect(await refusal({ flow: {} })).toEqual(
        invalid("spec.flow: Invalid value: give exactly one of inline, configMap and path"),
      );
      expect(await refusal({ recovery: undefined, autoscaling: {} })).toEqual(
        invalid("spec.autoscaling: Invalid value: autoscaling needs recovery: without a store a rescale would start from nothing"),
      );
      expect(await refusal({ autoscaling: { minWorkers: 4, maxWorkers: 2 } })).toEqual(
        invalid("spec.autoscaling.minWorkers: Invalid value: minWorkers must not be more than maxWorkers"),
      );
      expect(await refusal({ recovery: { store: "ftp://x/y" } })).toEqual(
        invalid("spec.recovery.store: Invalid value: store must be file:///dir, s3://bucket/prefix or azure://container/prefix"),
      );
      expect(await refusal({}, { name: "Refused.x" })).toMatchObject({ code: 422, reason: "Invalid" });
      expect(await refusal({}, { name: "0-starts-with-a-digit" })).toMatchObject({
        code: 422,
        message: expect.stringContaining("metadata.name must have at most 45 characters"),
      });
    });

    it("a change of what is fixed", async () => {
      expect(await suite.flows.refusal(suite.flows.patch(name, { recovery: { partitions: 32 } }))).toEqual(
        invalid(
          "spec.recovery.partitions: Forbidden: partitions is immutable: it routes the keys in the store. " +
            "Repartition offline into a new store, and create a new Dataflow on it",
        ),
      );
    });

    it("a scale out of range", async () => {
      expect(await suite.flows.refusal(suite.flows.scale(name, 0))).toEqual(
        invalid("spec.workers: Invalid value: 0: spec.workers in body should be greater than or equal to 1"),
      );
      expect(await suite.flows.refusal(suite.flows.scale(name, -1))).toMatchObject({ code: 422, reason: "Invalid" });
    });

    it("a stale version, and a second one of the same name", async () => {
      const { client, get, manifest } = suite.flows;
      const flow = await get(name);
      const stale = { ...flow, metadata: { ...flow.metadata, resourceVersion: "1" } };
      const resource = { group: "weir.dev", version: "v1alpha1", plural: "dataflows", kind: "Dataflow", namespaced: true };
      expect(await suite.flows.refusal(client.replace(resource, stale as never))).toMatchObject({
        code: 409,
        reason: "Conflict",
        message:
          'Operation cannot be fulfilled on dataflows.weir.dev "refused": the object has been modified; ' +
          "please apply your changes to the latest version and try again",
      });
      expect(await suite.flows.refusal(suite.flows.post(manifest(name)))).toMatchObject({
        code: 409,
        reason: "AlreadyExists",
        message: 'dataflows.weir.dev "refused" already exists',
      });
    });
  });
}
