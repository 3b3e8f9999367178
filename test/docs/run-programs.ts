/**
 * Imports the modules that it is given, one after the other, each in the folder `scratch` beside it, with a line in between that
 * says which one prints next.
 */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

for (const file of process.argv.slice(2)) {
  process.chdir(join(dirname(file), "scratch"));
  process.stdout.write(`=== ${file}\n`);
  await import(pathToFileURL(file).href);
}
// A program may leave a timer behind, as an endless source does.
process.exit(0);
