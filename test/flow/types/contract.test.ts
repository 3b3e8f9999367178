import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** Compiles the program with further files in its folder; gives the compiler's messages. */
async function compile(
  files: Readonly<Record<string, string>>,
  compilerOptions: Readonly<Record<string, unknown>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "weir-types-"));
  try {
    await copyFile(join(import.meta.dirname, "program.ts"), join(folder, "program.ts"));
    for (const [name, from] of Object.entries(files)) await copyFile(from, join(folder, name));
    const options = {
      target: "es2024",
      lib: ["es2024", "esnext.iterator"],
      module: "nodenext",
      moduleResolution: "nodenext",
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      ...compilerOptions,
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    return await promisify(execFile)(process.execPath, [tsc, "-p", folder]).then(
      () => "",
      (error) => error.stdout,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

// contract.txt is what programs outside are compiled against; it is no .d.ts here, for it would hide the package itself.
test("a program that uses the whole contract compiles against the contract", async () => {
  expect(await compile({ "contract.d.ts": join(import.meta.dirname, "contract.txt") }, {})).toBe("");
});

test("the same program compiles against the package", async () => {
  expect(await compile({}, { paths: { weir: [join(root, "runtime/index.ts")] }, erasableSyntaxOnly: true })).toBe("");
});
