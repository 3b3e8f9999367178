// The API server alone, for tests and experiments: node sandbox/apiserver/main.ts --directory D [--port P] [--token T]

import { parseArgs } from "node:util";
import { startApiServer } from "./server.ts";

const { values } = parseArgs({ options: { directory: { type: "string" }, port: { type: "string" }, token: { type: "string" } } });
if (!values.directory) {
  console.error("usage: node sandbox/apiserver/main.ts --directory D [--port P] [--token T]");
  process.exit(2);
}
const server = await startApiServer({
  directory: values.directory,
  ...(values.port ? { port: Number(values.port) } : {}),
  ...(values.token ? { token: values.token } : {}),
});
console.log(JSON.stringify({ url: server.url, kubeconfig: server.kubeconfig }));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void server.close().then(() => process.exit(0));
  });
}
