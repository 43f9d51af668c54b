// Runs schemathesis, which makes requests out of the API's own description, and tells what it found.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hub } from "./hub";
import { TOOLS } from "./peers";

const HOME = join(TOOLS, "schemathesis");
export const HAVE_SCHEMATHESIS = existsSync(join(HOME, "bin", "schemathesis"));

// Left out: that what fits the description is always taken. A name that is taken already and a password
// that is too short fit it, and are refused with 409 and 422.
const CHECKS = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"];
// The demo company is two years of data: made and removed hundreds of times it is all that would be tested.
const SLOW = ["--exclude-operation-id", "demo_company_start"];

export type Found = { code: number | null; cases: number; requests: number; output: string };

/** Asks every operation so often with a key. */
export async function schemathesis(hub: Hub, key: string, examples: number, seed: number): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-fuzz-"));
  const report = join(folder, "events.ndjson");
  const args = [
    join(HOME, "bin", "schemathesis"), "run", `${hub.url}/api/v1/openapi.json`,
    "-H", `Authorization: Bearer ${key}`, "--phases", "examples,coverage,fuzzing",
    "--max-examples", String(examples), "--seed", String(seed), "--continue-on-failure", "--suppress-health-check", "all",
    "--request-timeout", "20", "--report", "ndjson", "--report-ndjson-path", report, ...CHECKS, ...SLOW,
  ];
  const env = { ...process.env, PYTHONPATH: HOME, PYTHONDONTWRITEBYTECODE: "1", NO_COLOR: "1" };
  const child = spawn("python3", args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const code = await new Promise<number | null>((done) => child.once("exit", done));
  const events = existsSync(report) ? readFileSync(report, "utf8") : "";
  rmSync(folder, { recursive: true, force: true });
  const requests = events.split('"status_code"').length - 1;
  const cases = Number(output.match(/([\d,]+) generated/)?.[1].replaceAll(",", "") ?? 0);
  return { code, cases, requests, output };
}
