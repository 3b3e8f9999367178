/**
 * Finds a flow: imports a module that may lie anywhere (a ConfigMap's mount, say), with `weir` and its subpaths resolved to
 * this very package, and gives back the Dataflow it exports.
 */
import { existsSync, statSync } from "node:fs";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Dataflow } from "../flow/index.ts";
import { isWeirError, WeirError } from "../errors/index.ts";

const entries: Readonly<Record<string, string>> = {
  weir: new URL("../index.ts", import.meta.url).href,
  "weir/testing": new URL("../testing/index.ts", import.meta.url).href,
  "weir/timely": new URL("../timely/index.ts", import.meta.url).href,
};

let hooked = false;
function resolveOurselves(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const url = Object.hasOwn(entries, specifier) ? entries[specifier] : undefined;
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
    },
  });
}

export interface ModuleName {
  /** Absolute path. */
  readonly path: string;
  readonly export: string;
}

/**
 * Splits `path[:export]`.
 * @throws WeirError WEIR_MODULE_NOT_FOUND
 */
export function parseModuleName(text: string, exportName = "default"): ModuleName {
  const whole = resolve(text);
  const colon = text.lastIndexOf(":");
  const found = (path: string): boolean => existsSync(path) && statSync(path).isFile();
  if (found(whole)) return { path: whole, export: exportName };
  if (colon > 0 && found(resolve(text.slice(0, colon)))) {
    return { path: resolve(text.slice(0, colon)), export: text.slice(colon + 1) || exportName };
  }
  throw new WeirError("WEIR_MODULE_NOT_FOUND", `there is no flow module at ${colon > 0 ? resolve(text.slice(0, colon)) : whole}`);
}

/**
 * @param params handed to a flow that is exported as a function
 * @throws WeirError WEIR_MODULE_NOT_FOUND, WEIR_MODULE_BROKEN (the user's error is the cause), WEIR_MODULE_EXPORT, or what building the flow threw
 */
export async function loadFlow(
  text: string,
  options: { export?: string; params?: Readonly<Record<string, string>> } = {},
): Promise<Dataflow> {
  resolveOurselves();
  const name = parseModuleName(text, options.export);
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(name.path).href)) as Record<string, unknown>;
  } catch (error) {
    throw broken(error, name.path);
  }
  let value = module[name.export];
  if (typeof value === "function" && !(value instanceof Dataflow)) {
    try {
      value = await (value as (params: Readonly<Record<string, string>>) => unknown)(options.params ?? {});
    } catch (error) {
      throw broken(error, name.path);
    }
  }
  if (value instanceof Dataflow) return value;
  const flows = Object.keys(module).filter((key) => module[key] instanceof Dataflow || typeof module[key] === "function");
  const hint = flows.length === 0 ? "it exports none" : `it exports one as ${flows.map((key) => `"${key}"`).join(", ")}`;
  throw new WeirError("WEIR_MODULE_EXPORT", `${name.path} has no flow under the export "${name.export}": ${hint}`);
}

function broken(error: unknown, path: string): WeirError {
  if (isWeirError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new WeirError("WEIR_MODULE_BROKEN", `${path} could not be loaded: ${reason}`, { cause: error });
}
