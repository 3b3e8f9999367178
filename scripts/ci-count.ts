/** The last line of CI: tests and other steps that passed and failed, over all rings. Status 1 when anything failed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [directory = ".", stepsPassed = "0", stepsFailed = "0"] = process.argv.slice(2);
let passed = Number(stepsPassed);
let failed = Number(stepsFailed);
let skipped = 0;
for (const name of readdirSync(directory).toSorted()) {
  const report = JSON.parse(readFileSync(join(directory, name), "utf8")) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
    testResults: { name: string; status: string; assertionResults: { fullName: string; status: string }[] }[];
  };
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === "failed") console.log(`failed: ${test.fullName} (${file.name})`);
      if (test.status === "pending" || test.status === "skipped") {
        skipped++;
        console.log(`skipped: ${test.fullName} (${file.name})`);
      }
    }
  }
}
console.log(skipped === 0 ? `${passed} passed, ${failed} failed` : `${passed} passed, ${failed} failed, ${skipped} skipped`);
if (failed > 0) process.exitCode = 1;
