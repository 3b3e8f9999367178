/** Runs every row once at its smallest, in this one process, for the answers alone: `node bench/check.ts [row…]`. */
import { measureHere } from "./measured.ts";
import { rows } from "./rows/index.ts";

const wanted = process.argv.slice(2);
for (const row of rows) {
  if (wanted.length > 0 && !wanted.includes(row.name)) continue;
  for (const variant of Object.keys(row.variants)) {
    const { value } = await measureHere(row.name, variant, "tiny");
    if (!(value > 0)) throw new Error(`${row.name}, ${variant}: ${value} ${row.unit}`);
    console.log(`${row.name}, ${variant}`);
  }
}
