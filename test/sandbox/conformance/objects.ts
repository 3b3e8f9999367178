// Objects that the cases start from.

export const ns = "/api/v1/namespaces/{ns}";
export const apps = "/apis/apps/v1/namespaces/{ns}";
export const rivers = "/apis/conformance.example.com/v1/namespaces/{ns}/rivers";
export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export const configMap = (name: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...more },
  data: { a: "1", b: "2" },
});

export const pod = (name: string, spec: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name } },
  spec: {
    containers: [{ name: "main", image: "registry.example/app:1" }],
    nodeName: "nowhere",
    automountServiceAccountToken: false,
    ...spec,
  },
});

const template = (app: string): object => ({
  metadata: { labels: { app } },
  spec: {
    containers: [
      {
        name: "main",
        image: "registry.example/app:1",
        ports: [{ containerPort: 8080 }, { containerPort: 9090, name: "mesh" }],
        env: [{ name: "A", value: "1" }],
      },
    ],
    volumes: [{ name: "code", configMap: { name: "code" } }],
  },
});

export const statefulSet = (name: string, spec: object = {}): object => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name },
  spec: { replicas: 0, serviceName: name, selector: { matchLabels: { app: name } }, template: template(name), ...spec },
});

export const deployment = (name: string, spec: object = {}): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: { replicas: 0, paused: true, selector: { matchLabels: { app: name } }, template: template(name), ...spec },
});

export const service = (name: string, spec: object = {}): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { app: name }, ...spec },
});

/** A custom kind with everything the suite looks at. */
export const riverDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "rivers.conformance.example.com" },
  spec: {
    group: "conformance.example.com",
    scope: "Namespaced",
    names: { plural: "rivers", singular: "river", kind: "River", shortNames: ["rvr"], categories: ["all"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: ".spec.workers",
            statusReplicasPath: ".status.workers",
            labelSelectorPath: ".status.selector",
          },
        },
        selectableFields: [{ jsonPath: ".spec.state" }],
        additionalPrinterColumns: [
          { name: "Phase", type: "string", jsonPath: ".status.phase" },
          { name: "Workers", type: "integer", jsonPath: ".spec.workers" },
          { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: "Image", type: "string", jsonPath: ".spec.image", priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            required: ["spec"],
            "x-kubernetes-validations": [{ rule: "self.metadata.name.size() <= 20", message: "the name may have 20 characters" }],
            properties: {
              spec: {
                type: "object",
                required: ["image"],
                "x-kubernetes-validations": [
                  {
                    rule: "!has(self.source) || self.source.startsWith('s') || has(self.limit)",
                    message: "a source needs a limit",
                  },
                  {
                    rule: "!has(self.minWorkers) || !has(self.maxWorkers) || self.minWorkers <= self.maxWorkers",
                    messageExpression: "self.maxWorkers > 3 ? 'the minimum is above the maximum' : 'the minimum is far too high'",
                  },
                  {
                    rule: "self.state != 'Suspended' || !has(self.maxWorkers)",
                    message: "no limit when suspended",
                    reason: "FieldValueForbidden",
                    fieldPath: ".maxWorkers",
                  },
                  { rule: "!has(oldSelf.source) || has(self.source)", message: "source cannot be taken away" },
                ],
                properties: {
                  image: { type: "string", minLength: 1, maxLength: 40, pattern: "^[a-z]" },
                  workers: { type: "integer", format: "int32", minimum: 1, maximum: 100, default: 2 },
                  minWorkers: { type: "integer" },
                  maxWorkers: { type: "integer" },
                  ratio: { type: "number", exclusiveMinimum: true, minimum: 0, multipleOf: 0.5 },
                  state: { type: "string", enum: ["Running", "Suspended"], default: "Running" },
                  source: { type: "string" },
                  empty: { type: "object" },
                  embedded: {
                    type: "object",
                    "x-kubernetes-embedded-resource": true,
                    "x-kubernetes-preserve-unknown-fields": true,
                  },
                  whole: {
                    type: "object",
                    "x-kubernetes-map-type": "atomic",
                    properties: { a: { type: "string" }, b: { type: "string" } },
                  },
                  nested: {
                    type: "object",
                    properties: {
                      deep: {
                        type: "object",
                        default: { c: "d" },
                        properties: { c: { type: "string" }, n: { type: "integer", default: 3 } },
                      },
                    },
                  },
                  limit: { "x-kubernetes-int-or-string": true },
                  partitions: {
                    type: "integer",
                    "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "partitions are immutable" }],
                  },
                  params: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                  labels: { type: "object", maxProperties: 2, additionalProperties: { type: "string", maxLength: 5 } },
                  tags: { type: "array", "x-kubernetes-list-type": "set", maxItems: 3, items: { type: "string" } },
                  ports: {
                    type: "array",
                    maxItems: 10,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    items: {
                      type: "object",
                      required: ["name"],
                      properties: {
                        name: { type: "string" },
                        number: {
                          type: "integer",
                          "x-kubernetes-validations": [{ rule: "self >= oldSelf", message: "ports only grow" }],
                        },
                        open: { type: "boolean", default: true },
                      },
                    },
                  },
                  plain: { type: "array", minItems: 1, items: { type: "integer" } },
                  since: { type: "string", format: "date-time", nullable: true },
                  one: {
                    type: "object",
                    properties: { a: { type: "string" }, b: { type: "string" } },
                    oneOf: [{ required: ["a"] }, { required: ["b"] }],
                  },
                },
              },
              status: {
                type: "object",
                properties: {
                  phase: { type: "string" },
                  workers: { type: "integer" },
                  selector: { type: "string" },
                  conditions: {
                    type: "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["type"],
                    items: {
                      type: "object",
                      required: ["type", "status"],
                      properties: { type: { type: "string" }, status: { type: "string" } },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

export const river = (name: string, spec: object = {}, more: object = {}): object => ({
  apiVersion: "conformance.example.com/v1",
  kind: "River",
  metadata: { name, ...more },
  spec: { image: "app", ...spec },
});
