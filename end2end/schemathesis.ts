// Runs schemathesis, which makes requests out of the API's own description, and tells what it found.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hub } from "./hub";
import { TOOLS } from "./peers";

const HOME = join(TOOLS, "schemathesis");
export const HAVE_SCHEMATHESIS = existsSync(join(HOME, "bin", "schemathesis"));

const CONFIG = join(import.meta.dirname, "schemathesis.toml");
// The demo company is two years of data: made and removed hundreds of times it is all that would be tested.
// And a key that revokes itself tests nothing after that: those operations have a run of their own.
const OWN_KEY = ["keys_revoke", "keys_rotate"];
const APART = ["demo_company_start", ...OWN_KEY].flatMap((id) => ["--exclude-operation-id", id]);
const ALONE = OWN_KEY.flatMap((id) => ["--include-operation-id", id]);

export type Found = { code: number | null; cases: number; output: string };

/** Asks every operation so often with a key. */
export async function schemathesis(hub: Hub, key: string, examples: number, seed: number): Promise<Found> {
  const most = await run(hub, key, examples, seed, APART);
  const rest = await run(hub, key, examples, seed, ALONE);
  return { code: most.code || rest.code, cases: most.cases + rest.cases, output: most.output + rest.output };
}

async function run(hub: Hub, key: string, examples: number, seed: number, which: string[]): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-fuzz-"));
  const args = [
    join(HOME, "bin", "schemathesis"), "--config-file", CONFIG, "run", `${hub.url}/api/v1/openapi.json`,
    "-H", `Authorization: Bearer ${key}`, "--phases", "examples,coverage,fuzzing",
    "--max-examples", String(examples), "--seed", String(seed), "--continue-on-failure", "--suppress-health-check", "all",
    "--request-timeout", "20", ...which,
  ];
  const env = { ...process.env, PYTHONPATH: HOME, PYTHONDONTWRITEBYTECODE: "1", NO_COLOR: "1" };
  const child = spawn("python3", args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const code = await new Promise<number | null>((done) => child.once("exit", done));
  rmSync(folder, { recursive: true, force: true });
  const cases = Number(output.match(/([\d,]+) generated/)?.[1].replaceAll(",", "") ?? 0);
  return { code, cases, output };
}
