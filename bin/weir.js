#!/usr/bin/env node
// Starts the command line with a Node that runs TypeScript sources as they are (22.19 or newer). An older Node hands over
// to the one that npm installed beside Weir.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 19)) {
  // What was compiled once, types stripped, is kept for the next start, and for threads and members, which learn of it by the variable.
  const { directory } = module.enableCompileCache();
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
  // The first module whose types are not in the cache brings the WebAssembly that strips them. It is done before code that was compiled
  // with care pays, and what the compiler's threads allocate for that is never given back: ten megabytes. 13,000,000 is V8's own budget.
  setFlagsFromString("--wasm-tiering-budget=2000000000");
  await import("../runtime/errors/codes.ts");
  setFlagsFromString("--wasm-tiering-budget=13000000");
  await import("../cli/main.ts");
} else {
  const node = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
  if (!existsSync(node)) {
    console.error(
      `weir: Node 22.19 or newer is needed, this is ${process.version}. Install it, or run npm ci in ${fileURLToPath(new URL("..", import.meta.url))}.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128 + (signal === "SIGINT" ? 2 : 15))));
}
