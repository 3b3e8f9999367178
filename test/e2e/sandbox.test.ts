import { lifecycle } from "./lifecycle.ts";
import { sandboxWorld } from "./sandbox-world.ts";

lifecycle("in the sandbox", sandboxWorld);
