/** `weir controller`: the operator, with the options that its own entry understands. */
export async function controller(_flags: object): Promise<void> {
  const { main } = (await import("../controller/main.ts")) as { main: (args: readonly string[]) => Promise<void> };
  const at = process.argv.indexOf("controller");
  await main(process.argv.slice(at + 1));
}
