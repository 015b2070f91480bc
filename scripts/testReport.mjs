// Reads vitest's JSON report: prints `passed failed skipped` on stdout, and what failed with its reason into a file,
// so that the end of a long run says which test it was.
import { appendFileSync, readFileSync } from "node:fs";

const [report, failures] = process.argv.slice(2);
const { numPassedTests, numFailedTests, numPendingTests, numTotalTests, testResults } = JSON.parse(
  readFileSync(report),
);
console.log(numPassedTests, numFailedTests + (numTotalTests === 0 ? 1 : 0), numPendingTests);

for (const file of testResults) {
  const failed = file.assertionResults.filter(({ status }) => status === "failed");
  // What fails after the first in a file is often its consequence.
  for (const [index, test] of failed.entries()) {
    note(`${file.name}: ${test.fullName}`, index < 2 ? test.failureMessages.join("\n") : "");
  }
  if (failed.length === 0 && file.status === "failed") note(file.name, file.message);
}

function note(name, reason) {
  const lines = reason.split("\n").filter((line) => line !== "");
  const first = lines.slice(0, 20).map((line) => `    ${line.slice(0, 240)}\n`);
  appendFileSync(failures, `${name}\n${first.join("")}`);
}
