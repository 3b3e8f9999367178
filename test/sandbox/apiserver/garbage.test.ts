import { afterAll, beforeAll, expect, it } from "vitest";
import { configMap, eventually, maps, started, type Started } from "./started.ts";

let api: Started;
beforeAll(async () => {
  api = await started();
});
afterAll(() => api.stop());

const owner = async (name: string): Promise<Record<string, any>> => api.ok("POST", maps, configMap(name));
const reference = (of: Record<string, any>, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: of.metadata.name,
  uid: of.metadata.uid,
  ...more,
});
const owned = async (name: string, owners: object[], metadata: object = {}): Promise<Record<string, any>> =>
  api.ok("POST", maps, configMap(name, { ownerReferences: owners, ...metadata }));
const gone = (name: string) => eventually(async () => (await api.connection.send("GET", `${maps}/${name}`)).code === 404);
const present = async (name: string): Promise<boolean> => (await api.connection.send("GET", `${maps}/${name}`)).code === 200;
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

it("removes dependents, and theirs, in the background", async () => {
  const top = await owner("b-top");
  const middle = await owned("b-middle", [reference(top)]);
  await owned("b-leaf", [reference(middle)]);
  await api.ok("DELETE", `${maps}/b-top`);
  await gone("b-middle");
  await gone("b-leaf");
});

it("keeps what has another living owner, and takes the dead one off its list", async () => {
  const one = await owner("o-one");
  const two = await owner("o-two");
  await owned("o-shared", [reference(one), reference(two)]);
  await api.ok("DELETE", `${maps}/o-one`);
  await eventually(async () => (await api.ok("GET", `${maps}/o-shared`)).metadata.ownerReferences.length === 1);
  await api.ok("DELETE", `${maps}/o-two`);
  await gone("o-shared");
});

it("holds an owner in the foreground until the dependents that block it are gone", async () => {
  const top = await owner("f-top");
  await owned("f-held", [reference(top, { blockOwnerDeletion: true })], { finalizers: ["example.com/hold"] });
  await owned("f-free", [reference(top)]);
  await api.ok("DELETE", `${maps}/f-top?propagationPolicy=Foreground`);
  await gone("f-free");
  await settle();
  expect((await api.ok("GET", `${maps}/f-top`)).metadata.finalizers).toEqual(["foregroundDeletion"]);
  await api.ok("PATCH", `${maps}/f-held`, { metadata: { finalizers: null } }, { "content-type": "application/merge-patch+json" });
  await gone("f-held");
  await gone("f-top");
});

it("leaves orphans when asked to", async () => {
  const top = await owner("r-top");
  await owned("r-child", [reference(top)]);
  await api.ok("DELETE", `${maps}/r-top?propagationPolicy=Orphan`);
  await gone("r-top");
  expect((await api.ok("GET", `${maps}/r-child`)).metadata.ownerReferences).toBeUndefined();
});

it("removes what names an owner that does not exist", async () => {
  await owned("stray", [{ apiVersion: "v1", kind: "ConfigMap", name: "never", uid: "11111111-2222-3333-4444-555555555555" }]);
  await gone("stray");
});

it("empties a namespace before it goes", async () => {
  await api.ok("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "going" } });
  const inside = "/api/v1/namespaces/going/configmaps";
  await api.ok("POST", inside, configMap("held", { finalizers: ["example.com/hold"] }));
  const answer = await api.ok("DELETE", "/api/v1/namespaces/going");
  expect(answer).toMatchObject({ kind: "Namespace", status: { phase: "Terminating" } });
  await settle();
  expect((await api.connection.send("POST", inside, configMap("late"))).body).toMatchObject({ reason: "Forbidden" });
  expect(await present("held")).toBe(false);
  await api.ok("PATCH", `${inside}/held`, { metadata: { finalizers: null } }, { "content-type": "application/merge-patch+json" });
  await eventually(async () => (await api.connection.send("GET", "/api/v1/namespaces/going")).code === 404);
});

it("takes the objects of a kind along with its definition", async () => {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const { riverDefinition, river } = await import("../conformance/objects.ts");
  await api.ok("POST", definitions, riverDefinition);
  const rivers = "/apis/conformance.example.com/v1/namespaces/default/rivers";
  await api.ok("POST", rivers, river("a", {}, { finalizers: ["example.com/hold"] }));
  await api.ok("DELETE", `${definitions}/rivers.conformance.example.com`);
  await settle();
  expect((await api.ok("GET", `${rivers}/a`)).metadata.deletionTimestamp).toBeDefined();
  await api.ok("PATCH", `${rivers}/a`, { metadata: { finalizers: null } }, { "content-type": "application/merge-patch+json" });
  await eventually(async () => (await api.connection.send("GET", `${definitions}/rivers.conformance.example.com`)).code === 404);
  expect((await api.connection.send("GET", rivers)).code).toBe(404);
});

it("leaves no error of its own behind", () => {
  expect(api.errors).toEqual([]);
});
