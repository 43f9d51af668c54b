// How soon the built program is ready on an empty folder, what it weighs, and what it holds when nobody asks for anything:
// scripts/ts.sh end2end/start-up.ts [starts]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, freePort } from "./hub.ts";

const STARTS = Number(process.argv[2] ?? 5);
// By then this host's numbers have come in a few times.
const IDLE_MS = 20_000;
const POLL_MS = 2;

const sleep = (ms: number) => new Promise((next) => setTimeout(next, ms));

async function ready(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/ready`);
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** One start: milliseconds until it is ready, and what the system says of its memory, after a while if that is asked for. */
async function start(idle: boolean): Promise<{ ms: number; status: string }> {
  const data = mkdtempSync(join(tmpdir(), "millrace-start-"));
  const address = `127.0.0.1:${await freePort()}`;
  const from = performance.now();
  const child = spawn(BINARY, ["serve"], { env: { MILLRACE_DATA: data, MILLRACE_ADDR: address }, stdio: "ignore" });
  const ended = new Promise((next) => child.once("exit", next));
  try {
    while (!(await ready(`http://${address}`))) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      await sleep(POLL_MS);
    }
    const ms = performance.now() - from;
    if (idle) await sleep(IDLE_MS);
    return { ms, status: readFileSync(`/proc/${child.pid}/status`, "utf8") };
  } finally {
    child.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

const times: number[] = [];
for (let i = 0; i < STARTS; i++) times.push((await start(false)).ms);
const { status } = await start(true);
const held = (name: string): string => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024).toFixed(0);
times.sort((a, b) => a - b);
console.log(`start to ready: ${times.map((ms) => ms.toFixed(0)).join(", ")} ms`);
console.log(`idle memory after ${IDLE_MS / 1_000} s: ${held("RssAnon")} MiB of its own, ${held("RssFile")} MiB of files, most of it the program's`);
console.log(`the binary: ${(statSync(BINARY).size / 1e6).toFixed(1)} MB`);
