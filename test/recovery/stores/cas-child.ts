/** Child of file-store.test.ts: adds to a counter by conditional writes, and says each success on stdout. Arguments: URL, who, how many. */
import { openStore } from "../../../runtime/recovery/stores/index.ts";

const [url, who, count] = process.argv.slice(2) as [string, string, string];
const store = openStore(url);
for (let done = 0; done < Number(count);) {
  const current = await store.get("manifest.json");
  const value = current === undefined ? 0 : Number.parseInt(new TextDecoder().decode(current.bytes), 10);
  try {
    await store.putIf("manifest.json", new TextEncoder().encode(`${value + 1} by ${who}`), current?.version);
    process.stdout.write(`${value + 1}\n`);
    done += 1;
  } catch (error) {
    if ((error as { code?: string }).code !== "WEIR_STORE_PRECONDITION") throw error;
  }
}
