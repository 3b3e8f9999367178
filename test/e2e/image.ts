/** What Weir's image stands for where containers are processes: this very checkout. */
import { fileURLToPath } from "node:url";
import type { ImageMapping } from "../../sandbox/index.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

export const weirImage: ImageMapping = {
  pattern: "ghcr.io/weir-dev/weir*",
  entrypoint: [process.execPath, `${checkout}bin/weir.js`],
  cwd: checkout,
};
