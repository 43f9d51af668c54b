// Who can sign in, as those who look after access see and change it.
import { asAdministrator, expect, type Hub, ready, signIn, test } from "../hub";
import type { Browser, Page } from "@playwright/test";

// Chromium's lines for what is refused on purpose.
test.use({ allowed: [/status of 4(09|22)/] });

/** Opens what can be done about somebody; it stays open over a change where JavaScript runs. */
async function open(page: Page, email: string): Promise<void> {
  const forms = page.locator("details", { has: page.getByLabel(`Change ${email}`) });
  if ((await forms.getAttribute("open")) === null) await page.getByLabel(`Change ${email}`).click();
}

/** Makes a role of one's own. */
async function makeRole(page: Page, hub: Hub, scripts: boolean, name: string, grants: string[]): Promise<void> {
  await page.goto(`${hub.url}/people/roles`);
  await ready(page, scripts);
  await page.getByLabel("Name").fill(name);
  // A whole area has more words on its label.
  for (const grant of grants) await page.getByLabel(grant, { exact: !grant.endsWith("*") }).check();
  await page.getByRole("button", { name: "Make role" }).click();
  await expect(page.getByRole("row", { name: new RegExp(`^${name}`) })).toContainText(grants.at(-1) ?? "");
}

/** Gives somebody a role. */
async function giveRole(page: Page, hub: Hub, scripts: boolean, email: string, role: string): Promise<void> {
  await page.goto(`${hub.url}/people`);
  await ready(page, scripts);
  await open(page, email);
  await page.getByLabel(`Role of ${email}`).selectOption({ label: role });
  await page.getByRole("button", { name: "Set role" }).click();
  const row = page.getByRole("row", { name: new RegExp(email) });
  await expect(row.getByRole("cell").nth(1)).toHaveText(role);
}

/** The administrator at the page, and an operator in another browser. */
async function withOlga(page: Page, hub: Hub, browser: Browser, scripts: boolean) {
  await hub.claim();
  await asAdministrator(page, hub);
  const password = await hub.person("olga@example.org", "operator");
  const context = await browser.newContext({ javaScriptEnabled: scripts });
  const other = await context.newPage();
  await signIn(other, hub, "olga@example.org", password);
  return { context, other, password };
}

test("a role of one's own is made, given, refused what it does not grant, and kept while somebody has it", async ({ page, empty, browser, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  const password = await empty.person("olga@example.org", "operator");
  await makeRole(page, empty, javaScriptEnabled, "Watcher", ["monitoring:read", "remediation:*"]);
  await giveRole(page, empty, javaScriptEnabled, "olga@example.org", "Watcher");

  const context = await browser.newContext({ javaScriptEnabled });
  const other = await context.newPage();
  await signIn(other, empty, "olga@example.org", password);
  await other.goto(`${empty.url}/sources`);
  await expect(other.getByRole("heading", { name: "Sources" })).toBeVisible();
  await expect(other.getByRole("link", { name: "Add a target" })).toHaveCount(0);
  const refused = await other.request.get(`${empty.url}/people/access-review.csv`);
  expect(refused.status()).toBe(403);

  await page.goto(`${empty.url}/people/roles`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("button", { name: "Remove Watcher" }).click();
  await expect(page.getByText("Somebody has this role").first()).toBeVisible();
  await page.goto(`${empty.url}/people/roles`);
  await page.getByRole("link", { name: "Edit" }).click();
  await ready(page, javaScriptEnabled);
  await expect(page.getByLabel("remediation:*")).toBeChecked();
  await page.getByLabel("Name").fill("Spectator");
  await page.getByLabel("remediation:*").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("row", { name: /^Spectator/ })).not.toContainText("remediation");
  await context.close();
});

test("a role that sees nothing of what is watched has settings all the same", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  const password = await empty.person("olga@example.org", "operator");
  await makeRole(page, empty, javaScriptEnabled, "Doorkeeper", ["access:read"]);
  await giveRole(page, empty, javaScriptEnabled, "olga@example.org", "Doorkeeper");

  const body = new URLSearchParams({ email: "olga@example.org", password });
  const entered = await fetch(`${empty.url}/auth/sign-in`, { method: "POST", body, redirect: "manual" });
  const cookie = entered.headers.getSetCookie().map((one) => one.split(";", 1)[0]).join("; ");
  const settings = await fetch(`${empty.url}/settings`, { headers: { cookie } });
  expect([settings.status, await settings.text()]).toEqual([200, expect.stringContaining("In this browser")]);
});

test("a person is disabled and let in again, and the last administrator stays", async ({ page, empty, browser, javaScriptEnabled }) => {
  const { context, other, password } = await withOlga(page, empty, browser, javaScriptEnabled);
  await page.goto(`${empty.url}/people`);
  await ready(page, javaScriptEnabled);
  await open(page, "olga@example.org");
  await page.getByRole("row", { name: /olga/ }).getByRole("button", { name: "Disable" }).click();
  await expect(page.getByRole("row", { name: /olga/ })).toContainText("disabled");
  await other.goto(`${empty.url}/`);
  await other.getByLabel("E-mail").fill("olga@example.org");
  await other.getByLabel("Password").fill(password);
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(other.getByText("This account is disabled")).toBeVisible();
  await open(page, "olga@example.org");
  await page.getByRole("button", { name: "Let them sign in again" }).click();
  await expect(page.getByRole("row", { name: /olga/ })).toContainText("active");
  await signIn(other, empty, "olga@example.org", password);
  await open(page, "ada@example.org");
  await page.getByRole("row", { name: /ada/ }).getByRole("button", { name: "Disable" }).click();
  await expect(page.getByText("This is the last administrator who can sign in").first()).toBeVisible();
  await context.close();
});

test("somebody who forgot their password chooses another with a link, once", async ({ page, empty, browser, javaScriptEnabled }) => {
  const { context, other } = await withOlga(page, empty, browser, javaScriptEnabled);

  await page.goto(`${empty.url}/people`);
  await ready(page, javaScriptEnabled);
  await open(page, "ada@example.org");
  await expect(page.getByRole("button", { name: "New password" })).toHaveCount(0);
  await page.goto(`${empty.url}/people`);
  await ready(page, javaScriptEnabled);
  await open(page, "olga@example.org");
  await page.getByRole("button", { name: "New password" }).click();
  const link = (await page.locator("#secret").textContent()) ?? "";
  await expect(page.getByRole("table", { name: "Invitations" })).toContainText("olga@example.org (new password)");

  const fresh = await browser.newContext({ javaScriptEnabled });
  const third = await fresh.newPage();
  await third.goto(link);
  await expect(third.getByRole("heading", { name: "A new password" })).toBeVisible();
  await expect(third.getByLabel("E-mail")).toHaveValue("olga@example.org");
  await third.getByLabel("Password", { exact: true }).fill("another-good-pass-phrase");
  await third.getByRole("button", { name: "Choose it and sign in" }).click();
  await expect(third.getByRole("heading", { name: "Runway" })).toBeVisible();
  // Wherever they were signed in, they are no more, and the link is of no use.
  await other.goto(`${empty.url}/sources`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await other.goto(link);
  await expect(other.getByRole("heading", { name: "This link is of no use any more" })).toBeVisible();
  await context.close();
  await fresh.close();
});

test("the access review is a file that names everyone", async ({ page, empty }) => {
  await empty.claim();
  await empty.person("olga@example.org", "operator");
  empty.key("till", "ingest");
  await asAdministrator(page, empty);
  const answer = await page.request.get(`${empty.url}/people/access-review.csv`);
  expect(answer.headers()["content-disposition"]).toContain("access-review.csv");
  const lines = (await answer.text()).trim().split("\r\n");
  expect(lines).toHaveLength(4);
  expect(lines[1]).toContain('ada@example.org,admin,everything,active');
  expect(lines[2]).toContain('olga@example.org,operator');
  expect(lines[3]).toContain('key,till (');
});

test.describe("what tries somebody's account", () => {
  test("waits, and their own browser does not @hydrated", async ({ page, empty }) => {
    await empty.claim();
    await signIn(page, empty);
    await page.getByLabel(/^Menu of/).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByText("You are signed out")).toBeVisible();
    const body = new URLSearchParams({ email: "ada@example.org", password: "guess" });
    const said = [];
    const guess = async () => {
      const answer = await fetch(`${empty.url}/auth/sign-in`, { method: "POST", body, redirect: "manual" });
      return new URL(answer.headers.get("location") ?? "", empty.url).searchParams.get("error");
    };
    for (let tries = 0; tries < 4; tries++) said.push(await guess());
    // The wait after the fifth is two seconds from when it began, and a guess may take as long: the last three at once.
    said.push(...(await Promise.all([guess(), guess(), guess()])).sort().reverse());
    expect(said).toEqual([...Array(5).fill("credentials"), "busy", "busy"]);
    await asAdministrator(page, empty);
  });
});
