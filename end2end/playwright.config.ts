// How the browser tests run: each one hydrated, and again with JavaScript off.
import { defineConfig } from "@playwright/test";
import { launchOptions } from "./browser";

export default defineConfig({
  testDir: "tests",
  outputDir: "results",
  // These end what hangs and measure nothing: on a machine that is slow, and busy with other things, a test
  // takes longer and passes all the same. What has to be fast says so where it is asked for.
  timeout: 180_000,
  expect: { timeout: 30_000, toPass: { timeout: 120_000 } },
  fullyParallel: false,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: [["list"], ["json"]],
  use: { browserName: "chromium", viewport: { width: 1440, height: 900 }, launchOptions, locale: "en-GB", timezoneId: "Europe/Berlin" },
  projects: [
    { name: "hydrated" },
    { name: "plain", use: { javaScriptEnabled: false }, grepInvert: /@hydrated/ },
  ],
});
