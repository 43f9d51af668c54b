// A Millrace of one's own for each worker: the built binary in an empty folder, on a free port.
import { test as base, expect, type Page } from "@playwright/test";
import { spawn, spawnSync, execFileSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const BINARY = resolve(import.meta.dirname, "../dist/millrace");
export const PASSWORD = "a long enough password";

export class Hub {
  output = "";
  /** The administrator's cookies, once it is claimed: a session without the form. */
  cookies: { name: string; value: string; url: string }[] = [];
  private constructor(readonly url: string, readonly data: string, private child: ChildProcess, private env: Record<string, string>) {}

  /** Starts the binary and waits until it is ready. */
  static async start(command: "serve" | "demo", env: Record<string, string> = {}, wanted?: number): Promise<Hub> {
    const data = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
    const port = wanted ?? (await freePort());
    const child = Hub.spawned(command, data, `127.0.0.1:${port}`, env);
    const scheme = env.MILLRACE_TLS_CERT ? "https" : "http";
    const hub = new Hub(`${scheme}://127.0.0.1:${port}`, data, child, env);
    child.stdout?.on("data", (text) => (hub.output += text));
    child.stderr?.on("data", (text) => (hub.output += text));
    await hub.until(async () => (await fetch(`${hub.url}/health/ready`)).ok, "ready");
    if (command === "demo") await hub.until(async () => hub.output.includes("The demo company is there"), "the demo company");
    return hub;
  }

  /** The one-time link that it printed. */
  get setupLink(): string {
    const link = this.output.match(/http\S+\/setup\?token=\S+/)?.[0];
    if (!link) throw new Error(`no set-up link was printed:\n${this.output}`);
    return link;
  }

  /** Runs a command of the binary on the same data folder. */
  run(...args: string[]): string {
    return execFileSync(BINARY, args, { env: { ...process.env, ...this.env, MILLRACE_DATA: this.data, MILLRACE_LOG: "error" }, encoding: "utf8" });
  }

  /** Does something to the database behind Millrace's back; answers the first number it says. */
  sql(statement: string): number {
    const program = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=30); row = db.execute(sys.argv[2]).fetchone(); db.commit(); print(row[0] if row else 0)";
    return Number(execFileSync("python3", ["-c", program, join(this.data, "millrace.db"), statement], { encoding: "utf8" }));
  }

  /** Where what proves the end of the audit log is written, after a minute at the latest. */
  async anchors(): Promise<string> {
    const file = join(this.data, "audit.anchors");
    await expect(() => expect(existsSync(file)).toBe(true)).toPass();
    return file;
  }

  /** Runs `millrace audit verify`; its exit code and words. */
  verify(): { code: number | null; words: string } {
    const run = spawnSync(BINARY, ["audit", "verify"], { env: { ...process.env, MILLRACE_DATA: this.data, MILLRACE_LOG: "error" }, encoding: "utf8" });
    return { code: run.status, words: run.stdout + run.stderr };
  }

  /** Invites somebody from the shell, takes the invitation up for them and answers their password. */
  async person(email: string, role: string): Promise<string> {
    const link = this.run("user", "add", email, "--role", role).match(/^ {4}(\S+)$/m)?.[1] ?? "";
    const token = new URL(link).searchParams.get("token") ?? "";
    const password = "words that only somebody knows";
    const body = new URLSearchParams({ token, password });
    const answer = await fetch(`${this.url}/auth/accept`, { method: "POST", body, redirect: "manual" });
    expect(answer.headers.get("location")).not.toContain("/invite");
    return password;
  }

  /** Makes a key and answers its secret. */
  key(name: string, scope: string): string {
    return this.run("key", "add", name, "--scope", scope).match(/mr_\w+/)?.[0] ?? "";
  }

  /** Claims the installation without a browser. */
  async claim(): Promise<void> {
    const token = new URL(this.setupLink).searchParams.get("token") ?? "";
    const body = new URLSearchParams({ token, email: "ada@example.org", password: PASSWORD });
    const answer = await fetch(`${this.url}/auth/set-up`, { method: "POST", body, redirect: "manual" });
    expect(answer.headers.get("location")).toBe("/welcome");
    this.cookies = answer.headers.getSetCookie().flatMap((cookie) => {
      // One without a value is taken away.
      const [, name, value] = cookie.match(/^([^=]+)=([^;]+)/) ?? [];
      return name && value ? [{ name, value, url: this.url }] : [];
    });
  }

  /** Kills it without a word, and starts it again on the same folder and port. */
  async crash(): Promise<void> {
    await this.kill();
    await this.again();
  }

  /** Kills it without a word; call `again` before the test ends. */
  async kill(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGKILL");
    await ended;
  }

  /** Starts it again on the same folder and port. */
  async again(): Promise<void> {
    this.child = Hub.spawned("serve", this.data, new URL(this.url).host, this.env);
    await this.until(async () => (await fetch(`${this.url}/health/ready`)).ok, "ready again");
  }

  private static spawned(command: string, data: string, address: string, env: Record<string, string> = {}): ChildProcess {
    const own = { MILLRACE_ADDR: address, MILLRACE_DATA: data, MILLRACE_HOST_SECONDS: "1", MILLRACE_LOG: "warn" };
    return spawn(BINARY, [command], { env: { ...process.env, ...own, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  }

  async stop(): Promise<number | null> {
    if (this.child.exitCode === null) {
      const ended = new Promise((done) => this.child.once("exit", done));
      this.child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.data, { recursive: true, force: true });
    return this.child.exitCode;
  }

  private async until(done: () => Promise<boolean>, what: string): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (this.child.exitCode !== null) break;
      if (await done().catch(() => false)) return;
      await new Promise((next) => setTimeout(next, 200));
    }
    throw new Error(`Millrace never got to “${what}”:\n${this.output}`);
  }
}

/** How many ports a worker has, and which of them is tried next. */
const OWN_PORTS = 500;
let nextPort = Math.floor(Math.random() * OWN_PORTS);

/**
 * A port that nobody listens at. It is below those that the system gives to connections, which would take it before
 * whoever it is for listens, and in a row of this worker's own, so that two workers never find the same one.
 */
export async function freePort(): Promise<number> {
  const first = 12_000 + OWN_PORTS * (Number(process.env.TEST_PARALLEL_INDEX ?? 0) % 40);
  for (let tries = 0; tries < OWN_PORTS; tries++) {
    const port = first + (nextPort++ % OWN_PORTS);
    const server = await new Promise<Server | undefined>((done) => {
      const trial = createServer();
      trial.once("error", () => done(undefined));
      trial.listen(port, "127.0.0.1", () => done(trial));
    });
    if (!server) continue;
    await new Promise((closed) => server.close(closed));
    return port;
  }
  throw new Error(`no port is free from ${first} on`);
}

/** Lets a browser be the administrator who claimed the hub, without the form: most tests are not about signing in. */
export async function asAdministrator(page: Page, hub: Hub): Promise<void> {
  await page.context().addCookies(hub.cookies);
}

/** Signs in through the form, as the administrator where nobody else is named. */
export async function signIn(page: Page, hub: Hub, email = "ada@example.org", password = PASSWORD): Promise<void> {
  await page.goto(`${hub.url}/login`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/login");
}

/** Waits until the page's script runs; at once where JavaScript is off. */
export async function ready(page: Page, javaScriptEnabled: boolean): Promise<void> {
  if (javaScriptEnabled) await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
}

/** Opens the processor's series of a hub that has just started: its first reading comes after half a second. */
export async function openCpu(page: Page, hub: Hub): Promise<void> {
  const link = page.getByRole("link", { name: /CPU/ }).first();
  await expect(async () => {
    await page.goto(`${hub.url}/series?q=cpu`);
    await expect(link).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await link.click();
  // The list's own heading stands until the series is there.
  await expect(page.getByRole("heading", { level: 1 })).toContainText("CPU");
}

type Fixtures = { hub: Hub; empty: Hub; allowed: RegExp[] };
type WorkerFixtures = { demoHub: Hub };

export const test = base.extend<Fixtures, WorkerFixtures>({
  // One demo company for all tests of a worker that only look.
  demoHub: [
    async ({}, use) => {
      const hub = await Hub.start("demo");
      await hub.claim();
      await use(hub);
      await hub.stop();
    },
    { scope: "worker", timeout: 300_000 },
  ],
  // Through the form, more tests than an address may sign in within a minute would wait.
  hub: async ({ demoHub, page }, use) => {
    await asAdministrator(page, demoHub);
    await use(demoHub);
  },
  // An installation that nobody has touched.
  empty: async ({ page }, use) => {
    const hub = await Hub.start("serve");
    await use(hub);
    // A page that is still open would complain that its server went away.
    await page.goto("about:blank");
    await hub.stop();
  },
  // Console errors that a test expects, such as Chromium's line for a 404.
  allowed: [[], { option: true }],
  page: async ({ page, allowed }, use) => {
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !allowed.some((known) => known.test(message.text()))) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    await use(page);
    expect(errors, "errors in the browser's console").toEqual([]);
  },
});

export { expect };
