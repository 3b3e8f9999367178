/** What the tests use of package `pg`, which has no types of its own. */
declare module "pg" {
  export class Client {
    constructor(config: Readonly<Record<string, unknown>>);
    connect(): Promise<void>;
    on(event: "error", listener: (error: Error) => void): this;
    query(text: string, values?: readonly unknown[]): Promise<{ rows: Record<string, any>[]; rowCount: number | null }>;
    end(): Promise<void>;
  }
}
