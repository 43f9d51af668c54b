// Runs the browser tests and ends with the line that counts them.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";

const here = import.meta.dirname;
const report = resolve(here, "results.json");
rmSync(report, { force: true });
const playwright = resolve(here, "../node_modules/.bin/playwright");
const run = spawnSync(playwright, ["test", "--config", resolve(here, "playwright.config.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
});
const { stats } = JSON.parse(readFileSync(report, "utf8"));
// A test that passed only when tried again is a failure here: nothing is retried.
const failed = stats.unexpected + stats.flaky;
console.log(`${stats.expected} passed, ${failed} failed`);
process.exit(run.status === 0 && failed === 0 && stats.expected > 0 ? 0 : 1);
