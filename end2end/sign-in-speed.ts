// How long a sign-in takes while pages and the API are asked at a steady rate:
// scripts/ts.sh end2end/sign-in-speed.ts [sign-ins [requests a second]]
// Requests leave when they are due, whether or not earlier ones were answered, as those of many people do.
import { Hub, PASSWORD } from "./hub.ts";

const SIGN_INS = Number(process.argv[2] ?? 120);
const RATE = Number(process.argv[3] ?? 50);
// One address may try 60 times a minute.
const PAUSE_MS = 1_050;
const PATHS = ["/", "/series", "/sources", "/models", "/findings", "/api/v1/series", "/api/v1/runway"];

const quantile = (times: number[], share: number): string =>
  (times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN).toFixed(0);
const told = (times: number[]): string => `median ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms`;

async function signedIn(hub: Hub): Promise<string> {
  const body = new URLSearchParams({ email: "ada@example.org", password: PASSWORD });
  const answer = await fetch(`${hub.url}/auth/sign-in`, { method: "POST", body, redirect: "manual" });
  const cookie = answer.headers.getSetCookie().find((one) => one.startsWith("millrace_session="));
  if (!cookie) throw new Error(`sign-in: ${answer.status} to ${answer.headers.get("location")}`);
  return cookie.split(";", 1)[0] ?? "";
}

const hub = await Hub.start("demo");
try {
  await hub.claim();
  const cookie = await signedIn(hub);
  // Until the first forecasts are made: what is measured is a day's work and not the first minute.
  await new Promise((next) => setTimeout(next, 60_000));
  const requests: number[] = [];
  const faults = new Map<string, number>();
  let sent = 0;
  const ask = async (): Promise<void> => {
    const path = PATHS[sent++ % PATHS.length] ?? "/";
    const from = performance.now();
    const answer = await fetch(hub.url + path, { headers: { cookie }, redirect: "manual" });
    await answer.arrayBuffer();
    requests.push(performance.now() - from);
    if (answer.status !== 200) faults.set(`${path} ${answer.status}`, (faults.get(`${path} ${answer.status}`) ?? 0) + 1);
  };
  const began = performance.now();
  const steady = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1_000) * RATE);
    while (sent < due) void ask().catch((error: unknown) => faults.set(String(error), 1));
  }, 5);
  const times: number[] = [];
  for (let i = 0; i < SIGN_INS; i++) {
    const from = performance.now();
    await signedIn(hub);
    times.push(performance.now() - from);
    await new Promise((next) => setTimeout(next, PAUSE_MS));
  }
  clearInterval(steady);
  const rate = (requests.length / (performance.now() - began)) * 1_000;
  console.log(`${SIGN_INS} sign-ins beside ${rate.toFixed(1)} requests a second: ${told(times)}`);
  console.log(`those ${requests.length} requests: ${told(requests)}`);
  for (const [what, count] of faults) console.log(`not answered with 200: ${what}, ${count} times`);
} finally {
  await hub.stop();
}
