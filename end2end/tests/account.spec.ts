// One's own account: sessions that can be ended, the password, and the second step.
import { code } from "../factors";
import { test, expect, ready, signIn, PASSWORD, type Hub } from "../hub";
import type { Browser, Page } from "@playwright/test";

// Chromium's lines for what is refused on purpose.
test.use({ allowed: [/status of 4(09|22)/] });

/** Somebody else's browser, signed in. */
async function elsewhere(browser: Browser, hub: Hub, javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled });
  const page = await context.newPage();
  await signIn(page, hub);
  return page;
}

/** Gives the password and the code, as far as they are asked for. */
async function twice(page: Page, hub: Hub, given: string): Promise<void> {
  await page.goto(`${hub.url}/login`);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Second step" })).toBeVisible();
  await page.getByRole("textbox", { name: "Code" }).fill(given);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("sessions are listed, and one that is ended has to sign in again", async ({ page, empty, browser, javaScriptEnabled }) => {
  await empty.claim();
  await signIn(page, empty);
  const other = await elsewhere(browser, empty, javaScriptEnabled);
  await page.goto(`${empty.url}/account`);
  await ready(page, javaScriptEnabled);
  const rows = page.getByRole("table", { name: "Where you are signed in" }).locator("tbody tr");
  // The one that claimed the installation without a browser, the other's, and this one.
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: "this one" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "this one" })).toContainText(/Chrome \d+ on Linux/);
  await expect(rows.filter({ hasText: "this one" })).toContainText("127.0.0.1");
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(rows).toHaveCount(1);
  await other.goto(`${empty.url}/account`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(new URL(other.url()).searchParams.get("next")).toBe("/account");
  await other.context().close();
});

test("a page that is open is put away when its session is ended elsewhere @hydrated", async ({ page, empty, browser }) => {
  await empty.claim();
  await signIn(page, empty);
  const other = await elsewhere(browser, empty, true);
  await other.goto(`${empty.url}/series`);
  await ready(other, true);
  await page.goto(`${empty.url}/account`);
  await ready(page, true);
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  // Nobody touches it: its stream of events ends, and is refused when it is asked for anew.
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible({ timeout: 25_000 });
  expect(new URL(other.url()).searchParams.get("next")).toBe("/series");
  await other.context().close();
});

test("a changed password keeps this browser signed in and no other", async ({ page, empty, browser, javaScriptEnabled }) => {
  await empty.claim();
  await signIn(page, empty);
  const other = await elsewhere(browser, empty, javaScriptEnabled);
  await page.goto(`${empty.url}/account`);
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Present password").fill(PASSWORD);
  await page.getByLabel("New password").fill("qwertyuiop1234");
  await page.getByRole("button", { name: "Change" }).click();
  await expect(page.getByText("on the lists that attackers try first")).toBeVisible();
  await page.getByLabel("Present password").fill(PASSWORD);
  await page.getByLabel("New password").fill("some other good words");
  await page.getByRole("button", { name: "Change" }).click();
  await expect(page.getByText("Your password is changed")).toBeVisible();
  await page.goto(`${empty.url}/account`);
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
  await other.goto(`${empty.url}/`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signIn(other, empty, "ada@example.org", "some other good words");
  await other.context().close();
});

test.describe("beside somebody else", () => {
  // What Vera may not see is refused.
  test.use({ allowed: [/status of 403/] });
  test("a tab is loaded anew once somebody else has signed in beside it @hydrated", async ({ page, empty }) => {
    await empty.claim();
    await signIn(page, empty);
    const password = await empty.person("vera@example.org", "viewer");
    await page.goto(`${empty.url}/people`);
    await ready(page, true);
    await expect(page.getByRole("row", { name: /ada@/ })).toBeVisible();
    const body = new URLSearchParams({ email: "vera@example.org", password });
    const beside = await page.request.post(`${empty.url}/auth/sign-in`, {
      data: body.toString(),
      headers: { origin: empty.url, "content-type": "application/x-www-form-urlencoded" },
    });
    expect(beside.ok()).toBe(true);
    // Nobody touches it: the stream that was Ada's ends, and the next one is Vera's, who may not see people.
    await expect(page.getByRole("row", { name: /ada@/ })).toHaveCount(0, { timeout: 25_000 });
    await expect(page.getByText("access:read")).toBeVisible();
  });
});

test("an authenticator is set up, asked for, and a recovery code helps once", async ({ page, empty, browser, javaScriptEnabled }) => {
  await empty.claim();
  await signIn(page, empty);
  await page.goto(`${empty.url}/account`);
  await ready(page, javaScriptEnabled);
  await page.locator("#begin-password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set up an authenticator" }).click();
  await expect(page.getByRole("img", { name: "The secret as a QR code" })).toBeVisible();
  const secret = await page.locator("#totp-secret").innerText();
  await page.getByRole("textbox", { name: "Code" }).fill("000000");
  await page.getByRole("button", { name: "Turn it on" }).click();
  await expect(page.getByText("That code does not fit").first()).toBeVisible();
  // A code of the half minute before is still good; it leaves the present one for later.
  await page.getByRole("textbox", { name: "Code" }).fill(await code(secret, true));
  await page.getByRole("button", { name: "Turn it on" }).click();
  await expect(page.locator("#recovery-codes li")).toHaveCount(10);
  const recovery = await page.locator("#recovery-codes li").first().innerText();
  await page.goto(`${empty.url}/account`);
  await expect(page.locator("#recovery-codes")).toHaveCount(0);
  await expect(page.getByText("10 recovery codes are left")).toBeVisible();

  const context = await browser.newContext({ javaScriptEnabled });
  const other = await context.newPage();
  await twice(other, empty, "000000");
  await expect(other.getByText("That code does not fit")).toBeVisible();
  await other.getByRole("textbox", { name: "Code" }).fill(await code(secret));
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(other.getByRole("heading", { name: "Runway" })).toBeVisible();
  await context.clearCookies();
  await twice(other, empty, recovery);
  await expect(other.getByRole("heading", { name: "Runway" })).toBeVisible();
  await context.clearCookies();
  await twice(other, empty, recovery);
  await expect(other.getByText("That code does not fit")).toBeVisible();
  // The password alone opens nothing.
  await other.goto(`${empty.url}/account`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await context.close();
});

test("a role that needs a second step leads to one before anything else", async ({ page, empty, browser, javaScriptEnabled }) => {
  await empty.claim();
  await signIn(page, empty);
  const password = await empty.person("olga@example.org", "operator");
  await page.goto(`${empty.url}/people/roles`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("button", { name: "Ask for a second step: operator" }).click();
  await expect(page.getByRole("row", { name: /^operator/ })).toContainText("needed");

  const context = await browser.newContext({ javaScriptEnabled });
  const other = await context.newPage();
  await signIn(other, empty, "olga@example.org", password);
  await expect(other.getByRole("heading", { name: "Set up your second step" })).toBeVisible();
  await other.goto(`${empty.url}/series`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await other.goto(`${empty.url}/login/step?next=/series`);
  const secret = await other.locator("#totp-secret").innerText();
  await other.getByRole("textbox", { name: "Code" }).fill(await code(secret));
  await other.getByRole("button", { name: "Turn it on and sign in" }).click();
  await expect(other.locator("#recovery-codes li")).toHaveCount(10);
  await expect(other.getByRole("button", { name: "Remove the authenticator" })).toHaveCount(0);
  await other.getByRole("link", { name: "Sign in again" }).click();
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(other).toHaveURL(/\/login\?next=(%2F|\/)account$/);

  await page.goto(`${empty.url}/people`);
  await ready(page, javaScriptEnabled);
  await expect(page.getByRole("row", { name: /olga/ })).toContainText("authenticator");
  await page.getByLabel("Change olga@example.org").click();
  await page.getByRole("button", { name: "Reset second step" }).click();
  await expect(page.getByRole("row", { name: /olga/ })).toContainText("none, and needs one");
  await other.goto(`${empty.url}/series`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await context.close();
});

test("one's authenticator is set up, renewed and taken away over the API @hydrated", async ({ page, empty }) => {
  await empty.claim();
  await signIn(page, empty);
  const ask = async (path: string, data: object) =>
    await page.request.post(`${empty.url}/api/v1/me${path}`, { data, headers: { origin: empty.url } });
  const wrong = await ask("/authenticator", { password: "not the password" });
  expect([wrong.status(), (await wrong.json()).fields[0].field]).toEqual([422, "password"]);
  expect((await ask("/recovery-codes", { password: PASSWORD })).status(), "there is no authenticator yet").toBe(409);
  const begun = await ask("/authenticator", { password: PASSWORD });
  expect([begun.status(), begun.headers()["cache-control"]]).toEqual([201, "no-store"]);
  const { secret, uri } = await begun.json();
  expect(uri).toContain(`secret=${secret.replaceAll(" ", "")}`);
  expect((await ask("/authenticator/confirm", { code: "000000" })).status()).toBe(422);

  const confirmed = await ask("/authenticator/confirm", { code: await code(secret, true) });
  expect((await confirmed.json()).recovery_codes).toHaveLength(10);
  expect((await ask("/authenticator/remove", { password: PASSWORD })).status(), "its sessions ended with it").toBe(401);
  await twice(page, empty, await code(secret));
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
  const renewed = await ask("/recovery-codes", { password: PASSWORD });
  expect((await renewed.json()).recovery_codes).toHaveLength(10);
  expect((await ask("/authenticator/remove", { password: PASSWORD })).status()).toBe(204);
  const left = await (await page.request.get(`${empty.url}/api/v1/me/factors`)).json();
  expect(left.totp_since).toBeNull();
});
