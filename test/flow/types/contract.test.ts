import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

const programs = ["program.ts", "roles.ts"];

/** Compiles the programs with further files in their folder; gives the compiler's messages. */
async function compile(
  files: Readonly<Record<string, string>>,
  compilerOptions: Readonly<Record<string, unknown>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "weir-types-"));
  try {
    for (const program of programs) await copyFile(join(import.meta.dirname, program), join(folder, program));
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
  const paths = { weir: [join(root, "runtime/index.ts")], "weir/testing": [join(root, "runtime/testing/index.ts")] };
  expect(await compile({}, { paths, erasableSyntaxOnly: true })).toBe("");
});

test("every export of the contract is used by a program, and is there at run time if it is a value", async () => {
  const contract = await readFile(join(import.meta.dirname, "contract.txt"), "utf8");
  const used = (await Promise.all(programs.map((program) => readFile(join(import.meta.dirname, program), "utf8")))).join("\n");
  const modules = contract.split(/^declare module "/m).slice(1);
  expect(modules.map((text) => text.slice(0, text.indexOf('"')))).toEqual(["weir", "weir/testing", "weir/timely"]);
  const loaded = [await import("../../../runtime/index.ts"), await import("../../../runtime/testing/index.ts")];
  for (const [index, exported] of loaded.entries()) {
    const names = [...modules[index]!.matchAll(/^ {2}export (?:declare )?(class|function|const|interface|type) (\w+)/gm)];
    expect(names.length).toBeGreaterThan(index === 0 ? 40 : 5);
    for (const [, kind, name] of names) {
      expect(used, `${name} is used`).toMatch(new RegExp(`\\b${name}\\b`));
      if (kind !== "interface" && kind !== "type") expect(exported, `${name} is exported`).toHaveProperty(name!);
    }
  }
});
