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
  for (const test of failed) note(`${file.name}: ${test.fullName}`, test.failureMessages.join("\n"));
  if (failed.length === 0 && file.status === "failed") note(file.name, file.message);
}

function note(name, reason) {
  const lines = reason.split("\n").slice(0, 25);
  appendFileSync(failures, `${name}\n${lines.map((line) => `    ${line}`).join("\n")}\n`);
}
