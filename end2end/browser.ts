// Which browser the tests and the measurements drive, and how it is started.
import { existsSync } from "node:fs";

// Chromium without its own windows: the same engine for half the processor time.
const SHELL = "/usr/bin/chromium-headless-shell";

export const launchOptions = {
  executablePath: process.env.CHROMIUM ?? (existsSync(SHELL) ? SHELL : "/usr/bin/chromium"),
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};
