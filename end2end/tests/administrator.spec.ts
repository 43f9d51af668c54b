// A new administrator's first day, on one installation: everybody who comes in, one who is refused, and what an auditor
// finds of it.
import { code, device } from "../factors";
import { expect, freePort, Hub, PASSWORD, ready, test as base } from "../hub";
import { startProvider, through } from "../provider";
import type { Browser, Page } from "@playwright/test";

type Place = { hub: Hub; url: string };

/** A Millrace that nobody has touched, with a name (a passkey needs one) and a provider. */
const test = base.extend<{ place: Place }>({
  place: async ({ page }, use) => {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const provider = await startProvider(url);
    provider.groups["piet"] = ["ops"];
    const hub = await Hub.start("serve", provider.env, port);
    await use({ hub, url });
    await page.goto("about:blank");
    await hub.stop();
    await provider.stop();
  },
});

// Chromium's lines for what is refused on purpose.
test.use({ allowed: [/status of 403/] });

/** Somebody's own browser. */
async function elsewhere(browser: Browser, javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled });
  return context.newPage();
}

/** Invites somebody, who chooses a password in their own browser. */
async function invite(page: Page, other: Page, url: string, scripts: boolean, email: string): Promise<void> {
  await page.goto(`${url}/people`);
  await ready(page, scripts);
  await page.locator("#new-email").fill(email);
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await other.goto(await page.locator("#secret").innerText());
  await other.getByLabel("Password").fill("words of one's own");
  await other.getByRole("button", { name: "Choose it and sign in" }).click();
  await expect(other.getByRole("heading", { name: "Runway" })).toBeVisible();
}

/** Sets up an authenticator; answers its secret. */
async function authenticator(page: Page, url: string, scripts: boolean): Promise<string> {
  await page.goto(`${url}/account`);
  await ready(page, scripts);
  await page.locator("#begin-password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set up an authenticator" }).click();
  const secret = await page.locator("#totp-secret").innerText();
  await page.getByRole("textbox", { name: "Code" }).fill(await code(secret, true));
  await page.getByRole("button", { name: "Turn it on" }).click();
  await expect(page.locator("#recovery-codes li")).toHaveCount(10);
  return secret;
}

/** Adds a passkey, and signs in with it. */
async function passkey(page: Page, url: string): Promise<void> {
  await device(page);
  await page.goto(`${url}/account`);
  await ready(page, true);
  await page.locator("#passkey-name").fill("Laptop");
  await page.locator("#passkey-password").fill(PASSWORD);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByRole("table", { name: "Your passkeys" })).toContainText("Laptop");
  await page.context().clearCookies();
  await page.goto(`${url}/login`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
}

/** Makes a role that only watches, and gives it to somebody. */
async function watcher(page: Page, url: string, scripts: boolean, email: string): Promise<void> {
  await page.goto(`${url}/people/roles`);
  await ready(page, scripts);
  await page.getByLabel("Name").fill("Watcher");
  await page.getByLabel("monitoring:read", { exact: true }).check();
  await page.getByRole("button", { name: "Make role" }).click();
  await expect(page.getByRole("row", { name: /^Watcher/ })).toContainText("monitoring:read");
  await page.goto(`${url}/people`);
  await ready(page, scripts);
  await page.getByLabel(`Change ${email}`).click();
  await page.getByLabel(`Role of ${email}`).selectOption({ label: "Watcher" });
  await page.getByRole("button", { name: "Set role" }).click();
  await expect(page.getByRole("row", { name: new RegExp(email) }).getByRole("cell").nth(1)).toHaveText("Watcher");
}

test("a new administrator lets people in, refuses one, and proves the log", async ({ page, place, browser, javaScriptEnabled }) => {
  const { hub, url } = place;
  await page.goto(hub.setupLink);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByRole("heading", { name: "Add data" })).toBeVisible();

  const olga = await elsewhere(browser, javaScriptEnabled);
  await invite(page, olga, url, javaScriptEnabled, "olga@example.org");
  const secret = await authenticator(page, url, javaScriptEnabled);
  if (javaScriptEnabled) await passkey(page, url);
  await page.context().clearCookies();
  await page.goto(`${url}/login`);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("textbox", { name: "Code" }).fill(await code(secret));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();

  const piet = await elsewhere(browser, javaScriptEnabled);
  await through(piet, `${url}/login`, "piet");
  await expect(piet.getByRole("heading", { name: "Runway" })).toBeVisible();

  await watcher(page, url, javaScriptEnabled, "olga@example.org");
  // What she may changed, and with it the token of her session.
  await olga.goto(`${url}/audit`);
  await expect(olga.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await olga.getByLabel("E-mail").fill("olga@example.org");
  await olga.getByLabel("Password").fill("words of one's own");
  await olga.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(olga.getByText("it needs audit:read")).toBeVisible();

  await page.goto(`${url}/audit?actor=olga&action=access`);
  const entries = page.getByRole("list", { name: "Entries, the newest first" });
  await expect(entries).toContainText("access.refuse");
  await entries.locator("summary").first().click();
  await expect(entries.locator("dl").first()).toContainText("permission audit:read");
  await page.goto(`${url}/audit?action=person.sign_in`);
  await expect(entries).toContainText("piet@example.org");

  await hub.anchors();
  expect(hub.verify()).toEqual({ code: 0, words: expect.stringContaining("The chain is whole.") });
  const refusal = hub.sql("select seq from audit_entry where action = 'access.refuse' order by seq limit 1");
  hub.sql(`update audit_entry set actor_name = 'ada@example.org' where seq = ${refusal}`);
  expect(hub.verify()).toEqual({ code: 1, words: expect.stringContaining(`entry ${refusal} was changed`) });
  await olga.context().close();
  await piet.context().close();
});
