/** Where the flow's code comes from. */
import { Type } from "typebox";
import { rules } from "./cel.ts";

export const flowSchema = Type.Object(
  {
    inline: Type.Optional(
      Type.String({
        description:
          "The flow's TypeScript (or JavaScript) module, written here. It may import weir, weir/testing and weir/timely.",
        minLength: 1,
        maxLength: 524_288,
      }),
    ),
    configMap: Type.Optional(
      Type.Object(
        {
          name: Type.String({ description: "Name of a ConfigMap in the same namespace.", minLength: 1, maxLength: 253 }),
          key: Type.Optional(
            Type.String({
              description: "Key of the module's text in the ConfigMap; its ending (.ts, .mts, .js, .mjs) says what it is.",
              minLength: 1,
              maxLength: 253,
              pattern: "^[-._a-zA-Z0-9]+$",
              default: "flow.ts",
            }),
          ),
        },
        { description: "The flow's module is kept in a ConfigMap. A change of the text upgrades the flow." },
      ),
    ),
    path: Type.Optional(
      Type.String({
        description: "Absolute path of the flow's module in the image, which can bring its own dependencies.",
        pattern: "^/.*[^/]$",
        maxLength: 1024,
      }),
    ),
    export: Type.Optional(
      Type.String({
        description: "Name of the module's export: a Dataflow, or a function of the params that returns one.",
        pattern: "^[A-Za-z_$][A-Za-z0-9_$]*$",
        maxLength: 128,
        default: "default",
      }),
    ),
  },
  {
    description: "The program to run. Exactly one of inline, configMap and path is given.",
    ...rules({
      rule: "[has(self.inline), has(self.configMap), has(self.path)].filter(given, given).size() == 1",
      message: "give exactly one of inline, configMap and path",
    }),
  },
);
