/** The little of package `pg` that the sink uses, and its loading: an optional peer, asked for when a sink is first built. */
import { WeirError } from "../../errors/index.ts";

export interface QueryResult {
  readonly rows: readonly Record<string, any>[];
  readonly rowCount: number | null;
}
export interface Connection {
  query(query: {
    readonly text: string;
    readonly values?: readonly unknown[];
    readonly query_timeout?: number;
  }): Promise<QueryResult>;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  /** `true`: the connection is not used again. */
  release(destroy?: boolean): void;
}
export interface Pool {
  connect(): Promise<Connection>;
  on(event: "error", listener: (error: Error) => void): unknown;
  end(): Promise<void>;
}
export interface Driver {
  Pool: new (config: Record<string, unknown>) => Pool;
}

// Not a literal, so that types of a package which may be missing are not looked for.
const packageName: string = "pg";

/** Throws WEIR_SINK_FAILED, with the command that installs it, when the package is missing. */
export async function loadDriver(load: (name: string) => Promise<unknown> = (name) => import(name)): Promise<Driver> {
  let module: unknown;
  try {
    module = await load(packageName);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    throw new WeirError(
      "WEIR_SINK_FAILED",
      missing
        ? `postgresSink needs the package "pg", which is not installed beside Weir: npm install pg`
        : `postgresSink: the package "pg" cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  return (module as { default?: Driver }).default ?? (module as Driver);
}
