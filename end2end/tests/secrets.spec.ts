// What is secret is found nowhere that it need not be: neither in a dump of the database, nor in files, the log at its
// most talkative, what the API lists, nor what an error says. Real secrets of every kind are made and used, and looked for.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { code } from "../factors";
import { test, expect, freePort, signIn, Hub, PASSWORD } from "../hub";
import { Postgres, postgresPrograms } from "../peers";
import { PROVIDER_SECRET, startProvider, through } from "../provider";
import type { Page } from "@playwright/test";

// The provider's pages are in development dress, and much is refused on purpose.
test.use({ allowed: [/./] });

const DATABASE_PASSWORD = "canary-of-the-database";
const WRONG_PASSWORD = "canary that is no password";
const TARGET_TOKEN = "canary-of-a-target";

/** What was planted, by what it is. */
type Planted = Map<string, string>;

/** A secret as it could be written: itself, in an address, in base64, in hexadecimal digits. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const addressed = encodeURIComponent(secret);
  return [...new Set([secret, addressed, addressed.replaceAll("%20", "+"), bytes.toString("base64").replaceAll("=", ""), bytes.toString("hex")])];
}

/** Which of the secrets stand in a text. */
function found(planted: Planted, text: string): string[] {
  return [...planted].filter(([, secret]) => forms(secret).some((form) => text.includes(form))).map(([name]) => name);
}

/** Every file of the data folder, but the master key's. */
function files(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !file.name.startsWith("master.key"))
    .map((file) => readFileSync(join(file.parentPath, file.name), "latin1"))
    .join("\n");
}

/** Asks the API as the administrator; whatever it answers is kept in `heard`. */
function asking(hub: Hub, heard: string[]) {
  const cookie = hub.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  return async (method: string, path: string, body?: object, keep = true): Promise<{ status: number; text: string }> => {
    const headers = { cookie, origin: hub.url, "content-type": "application/json" };
    const answer = await fetch(`${hub.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (keep) heard.push(text);
    return { status: answer.status, text };
  };
}

/** Sets up an authenticator; its seed and the recovery codes. */
async function authenticator(page: Page, hub: Hub, planted: Planted): Promise<void> {
  await signIn(page, hub, "olga@example.org", planted.get("first password") ?? "");
  await page.goto(`${hub.url}/account`);
  await page.locator("#begin-password").fill(planted.get("first password") ?? "");
  await page.getByRole("button", { name: "Set up an authenticator" }).click();
  const seed = await page.locator("#totp-secret").innerText();
  planted.set("authenticator's seed", seed.replaceAll(" ", ""));
  await page.getByRole("textbox", { name: "Code" }).fill(await code(seed, true));
  await page.getByRole("button", { name: "Turn it on" }).click();
  await expect(page.locator("#recovery-codes li")).toHaveCount(10);
  planted.set("recovery code", await page.locator("#recovery-codes li").first().innerText());
  planted.set("another recovery code", await page.locator("#recovery-codes li").last().innerText());
}

/** Signs in with the second step by a recovery code, after a wrong password. */
async function recovered(page: Page, hub: Hub, planted: Planted): Promise<void> {
  await page.context().clearCookies();
  await page.goto(`${hub.url}/login`);
  for (const password of [WRONG_PASSWORD, planted.get("first password") ?? ""]) {
    await page.getByLabel("E-mail").fill("olga@example.org");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForLoadState();
  }
  await page.getByRole("textbox", { name: "Code" }).fill(planted.get("recovery code") ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
  const session = (await page.context().cookies()).find((cookie) => cookie.name === "millrace_session");
  planted.set("session", session?.value ?? "");
}

/** Targets with a token: one that answers and says it again, one that refuses, and one that is not there. */
async function targets(hub: Hub, ask: ReturnType<typeof asking>): Promise<() => Promise<void>> {
  let asked = 0;
  const target = createServer((request, response) => {
    asked += Number(request.headers.authorization === `Bearer ${TARGET_TOKEN}`);
    if (request.url === "/refuses") response.statusCode = 500;
    response.end(`# ${request.headers.authorization}\nup_and_well 1\n`);
  });
  const port = await freePort();
  await new Promise<void>((listening) => target.listen(port, "127.0.0.1", listening));
  const nowhere = await freePort();
  for (const [name, url] of [["well", `http://127.0.0.1:${port}/`], ["refuses", `http://127.0.0.1:${port}/refuses`], ["away", `http://127.0.0.1:${nowhere}/`]]) {
    const made = await ask("POST", "/api/v1/scrape-targets", { name, url, interval_seconds: 1, token: TARGET_TOKEN });
    expect(made.status).toBe(201);
    await ask("POST", "/api/v1/scrape-targets/trial", { name, url, token: TARGET_TOKEN });
  }
  // A field too many: the error names it.
  expect((await ask("POST", "/api/v1/scrape-targets", { name: "odd", url: "x", token: TARGET_TOKEN, tokens: 1 })).status).toBe(422);
  await expect.poll(() => asked).toBeGreaterThan(4);
  return () => new Promise((closed) => (target.closeAllConnections(), target.close(() => closed())));
}

/** Keys: one is used, used with a wrong secret, changed for a token, and rotated. */
async function keys(hub: Hub, ask: ReturnType<typeof asking>, planted: Planted): Promise<void> {
  const made = await ask("POST", "/api/v1/keys", { name: "shop", scopes: ["ingest"] }, false);
  expect(made.status).toBe(201);
  const { secret, made: { id } } = JSON.parse(made.text);
  planted.set("key", secret);
  const send = (bearer: string) =>
    fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers: { authorization: `Bearer ${bearer}` }, body: JSON.stringify({ samples: [{ name: "orders", value: 1 }] }) });
  expect((await send(secret)).status).toBe(200);
  planted.set("wrong key", `mr_${"canary".repeat(7)}`);
  expect((await send(planted.get("wrong key") ?? "")).status).toBe(401);
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: id, client_secret: secret });
  const token = await (await fetch(`${hub.url}/oauth/token`, { method: "POST", body })).json();
  planted.set("token of a key", token.access_token);
  expect((await send(token.access_token)).status).toBe(200);
  const rotated = await ask("POST", `/api/v1/keys/${id}/rotate`, {}, false);
  planted.set("rotated key", JSON.parse(rotated.text).secret);
}

/** Links that let somebody in. */
async function links(ask: ReturnType<typeof asking>, planted: Planted): Promise<void> {
  const invited = await ask("POST", "/api/v1/invitations", { email: "eve@example.org", role: "viewer" }, false);
  planted.set("invitation", JSON.parse(invited.text).secret);
  const people = JSON.parse((await ask("GET", "/api/v1/people")).text);
  const olga = people.items.find((person: { user: { email: string } }) => person.user.email === "olga@example.org");
  const link = await ask("POST", `/api/v1/people/${olga.user.id}/password-link`, {}, false);
  planted.set("link to a new password", JSON.parse(link.text).secret);
}

async function play(page: Page, hub: Hub, planted: Planted): Promise<string[]> {
  const heard: string[] = [];
  planted.set("set-up link", new URL(hub.setupLink).searchParams.get("token") ?? "");
  await hub.claim();
  planted.set("password", PASSWORD);
  planted.set("wrong password", WRONG_PASSWORD);
  planted.set("administrator's session", hub.cookies.find((cookie) => cookie.name === "millrace_session")?.value ?? "");
  planted.set("token of a target", TARGET_TOKEN);
  planted.set("first password", await hub.person("olga@example.org", "operator"));
  planted.set("provider's secret", PROVIDER_SECRET);

  // The browser is sent back with a code.
  page.on("request", (request) => {
    const returned = new URL(request.url());
    if (returned.pathname !== "/auth/provider/return") return;
    planted.set("provider's code", returned.searchParams.get("code") ?? "");
    planted.set("provider's state", returned.searchParams.get("state") ?? "");
  });
  await through(page, `${hub.url}/login`, "ada");
  await expect(page.locator("h1")).toBeVisible();
  await page.context().clearCookies();

  await authenticator(page, hub, planted);
  await recovered(page, hub, planted);
  const ask = asking(hub, heard);
  const close = await targets(hub, ask);
  await keys(hub, ask, planted);
  await links(ask, planted);
  expect(hub.run("secrets", "rotate")).toMatch(/[1-9]\d* secrets were sealed anew/);
  for (const path of ["scrape-targets", "sources", "keys", "invitations", "people", "me", "me/sessions", "me/factors", "audit", "audit/export?format=jsonl"]) {
    expect((await ask("GET", `/api/v1/${path}`)).status, path).toBe(200);
  }
  for (const path of ["/metrics", "/health", "/people/access-review.csv", "/api/v1/nothing", "/people", "/account", "/sources", "/audit", "/settings"]) {
    await ask("GET", path);
  }
  await page.goto("about:blank");
  await close();
  return heard;
}

/** Everything that was planted is something, and what looks for it would find it. */
function looked(planted: Planted, heard: string[], log: string, kept: string): void {
  for (const [name, secret] of planted) {
    expect(secret.length, `${name} is there`).toBeGreaterThan(9);
    expect(found(planted, `x${Buffer.from(secret).toString("base64")}`), name).toContain(name);
  }
  // What each place does hold: it was read, and it is the right one.
  expect(kept).toContain("olga@example.org");
  expect(log).toContain("/api/v1/scrape-targets");
  expect(heard.join()).toContain("olga@example.org");

  expect(found(planted, heard.join("\n")), "in answers").toEqual([]);
  expect(found(planted, kept), "in what is kept").toEqual([]);
  // The set-up link is told to who starts the server.
  const printed = new Map([...planted].filter(([name]) => name !== "set-up link"));
  const line = (word: string) => log.split("\n").filter((line) => forms(planted.get(word) ?? "").some((form) => line.includes(form)));
  expect(Object.fromEntries(found(printed, log).map((name) => [name, line(name).slice(0, 2)])), "in the log").toEqual({});
}

test("no secret is in the data folder, the log, an answer or an error, on SQLite", async ({ page }) => {
  const port = await freePort();
  const provider = await startProvider(`http://127.0.0.1:${port}`);
  const hub = await Hub.start("serve", { ...provider.env, MILLRACE_LOG: "trace" }, port);
  try {
    const planted: Planted = new Map();
    const heard = await play(page, hub, planted);
    looked(planted, heard, hub.output, files(hub.data));
  } finally {
    await hub.stop();
    await provider.stop();
  }
});

test("nor in a dump of PostgreSQL @hydrated", async ({ page }) => {
  const bin = postgresPrograms();
  test.skip(!bin, "no PostgreSQL here");
  const postgres = await Postgres.start(bin ?? "");
  const url = new URL(postgres.url);
  url.password = DATABASE_PASSWORD;
  const port = await freePort();
  const provider = await startProvider(`http://127.0.0.1:${port}`);
  const hub = await Hub.start("serve", { ...provider.env, MILLRACE_LOG: "trace", MILLRACE_DATABASE_URL: url.href }, port);
  try {
    const planted: Planted = new Map([["password of the database", DATABASE_PASSWORD]]);
    const heard = await play(page, hub, planted);
    const dump = execFileSync(join(bin ?? "", "pg_dump"), ["--inserts", postgres.url], { encoding: "latin1", maxBuffer: 1 << 28 });
    looked(planted, heard, hub.output, `${dump}\n${files(hub.data)}`);
  } finally {
    await hub.stop();
    await provider.stop();
    await postgres.stop();
  }
});
