// Passkeys with Chromium's virtual authenticator: made, signed in with, and every way that must not work.
// A passkey needs a name, so these tests open Millrace at http://localhost.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { device } from "../factors";
import { test as base, expect, freePort, Hub, PASSWORD } from "../hub";
import type { Page } from "@playwright/test";

type Site = { hub: Hub; url: string };

const test = base.extend<{ site: Site }>({
  site: async ({ page }, use) => {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const hub = await Hub.start("serve", { MILLRACE_PUBLIC_URL: url }, port);
    await hub.claim();
    await use({ hub, url });
    await page.goto("about:blank");
    await hub.stop();
  },
});

// Chromium's lines for what is refused on purpose.
test.use({ allowed: [/status of 4(09|22)/] });

async function password(page: Page, url: string, email = "ada@example.org", given = PASSWORD): Promise<void> {
  await page.goto(`${url}/login`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(given);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((at) => at.pathname !== "/login");
}

/** Sends the form for a new passkey. */
async function add(page: Page, url: string, name: string, given: string): Promise<void> {
  await page.goto(`${url}/account`);
  await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
  await page.locator("#passkey-name").fill(name);
  await page.locator("#passkey-password").fill(given);
  await page.getByRole("button", { name: "Add a passkey" }).click();
}

/** Opens a passkey's form that removes it, and sends it. */
async function remove(page: Page, name: string, given: string): Promise<void> {
  const form = page.locator("details", { has: page.getByLabel(`Remove ${name}`) });
  if ((await form.getAttribute("open")) === null) await page.getByLabel(`Remove ${name}`).click();
  await form.getByLabel("Your password, once more").fill(given);
  await form.getByRole("button", { name: "Remove this passkey" }).click();
}

const passkeys = (page: Page) => page.getByRole("table", { name: "Your passkeys" }).locator("tbody tr");
const button = (page: Page) => page.getByRole("button", { name: "Sign in with a passkey" });

test("a passkey is made, signs in, and is refused when it was removed @hydrated", async ({ page, site, context }) => {
  await device(page);
  await password(page, site.url);
  await add(page, site.url, "Phone", "not the password");
  await expect(page.getByText("That is not your present password.")).toBeVisible();
  await add(page, site.url, "Phone", PASSWORD);
  await expect(passkeys(page)).toHaveCount(1);
  await expect(passkeys(page)).toContainText("Phone");
  await expect(passkeys(page)).toContainText("never");
  // The device knows that it holds one already.
  await add(page, site.url, "Phone again", PASSWORD);
  await expect(page.getByText("This device holds a passkey for you already.")).toBeVisible();

  await context.clearCookies();
  await page.goto(`${site.url}/login?next=/sources`);
  const sent = page.waitForRequest((request) => request.url() === `${site.url}/auth/passkey`);
  await button(page).click();
  await expect(page.getByRole("heading", { name: "Sources" })).toBeVisible();

  // The same answer with the same cookie a second time.
  const kept = await context.cookies(site.url);
  expect(kept.map((cookie) => cookie.name)).toContain("millrace_passkey");
  const headers = { "content-type": "application/x-www-form-urlencoded", origin: site.url };
  const again = await page.request.post(`${site.url}/auth/passkey`, { headers, data: (await sent).postData() ?? "", maxRedirects: 0 });
  expect(again.headers()["location"]).toContain("/login?error=challenge");
  expect(again.headers()["set-cookie"]).toBeUndefined();

  await page.goto(`${site.url}/audit?action=person.sign_in`);
  await expect(page.getByText("the challenge was answered before").first()).toBeAttached();
  await page.goto(`${site.url}/account`);
  await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
  await expect(passkeys(page)).not.toContainText("never");
  await remove(page, "Phone", "not the password");
  await expect(page.getByText("That is not your present password.")).toBeVisible();
  await remove(page, "Phone", PASSWORD);
  await expect(passkeys(page)).toHaveCount(0);
  await context.clearCookies();
  await page.goto(`${site.url}/login`);
  await button(page).click();
  await expect(page.getByText("That passkey does not fit")).toBeVisible();
});

test("a role that needs a second step is satisfied by a passkey, alone and after the password @hydrated", async ({ page, site, browser }) => {
  const given = await site.hub.person("olga@example.org", "operator");
  const context = await browser.newContext();
  const other = await context.newPage();
  await device(other);
  await password(other, site.url, "olga@example.org", given);
  await add(other, site.url, "Key", given);
  await expect(passkeys(other)).toHaveCount(1);

  await password(page, site.url);
  await page.goto(`${site.url}/people/roles`);
  await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
  await page.getByRole("button", { name: "Ask for a second step: operator" }).click();
  await expect(page.getByRole("row", { name: /^operator/ })).toContainText("needed");
  await page.goto(`${site.url}/people`);
  await expect(page.getByRole("row", { name: /olga/ })).toContainText("passkey");

  // Who came in with the password alone is signed out.
  await other.goto(`${site.url}/account`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await button(other).click();
  await expect(other.getByRole("heading", { name: "Your account" })).toBeVisible();
  await context.clearCookies();
  await password(other, site.url, "olga@example.org", given);
  await expect(other.getByRole("heading", { name: "Second step" })).toBeVisible();
  await expect(other.getByRole("textbox", { name: "Code" })).toHaveCount(0);
  await other.goto(`${site.url}/series`);
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await other.goto(`${site.url}/login/step?next=/account`);
  await other.getByRole("button", { name: "Use a passkey" }).click();
  await expect(other.getByRole("heading", { name: "Your account" })).toBeVisible();
  await expect(other.getByRole("banner").locator(".live-on")).toBeVisible();
  await remove(other, "Key", given);
  await expect(other.getByText("this passkey is your only one").first()).toBeVisible();
  await expect(passkeys(other)).toHaveCount(1);
  await context.close();
});

test("what another site asks for is refused, and another address says where passkeys work @hydrated", async ({ page, site, context }) => {
  await device(page);
  await password(page, site.url);
  await add(page, site.url, "Phone", PASSWORD);
  await expect(passkeys(page)).toHaveCount(1);
  await page.goto(`${site.url.replace("localhost", "127.0.0.1")}/login`);
  await button(page).click();
  await expect(page.getByText(`Passkeys work at ${site.url}`)).toBeVisible();
  await context.clearCookies();

  // Another port is another origin, and has the same name: the browser lets it ask for our passkeys.
  const evil = createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<title>Evil</title>"));
  await new Promise<void>((listening) => evil.listen(0, "localhost", listening));
  const asked = await page.request.post(`${site.url}/auth/passkey/challenge`);
  const { challenge, rpId } = (await asked.json()).publicKey;
  await page.goto(`http://localhost:${(evil.address() as AddressInfo).port}/`);
  const credential = await page.evaluate(async ({ challenge, rpId }) => {
    const bytes = Uint8Array.from(atob(challenge.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const shown = await navigator.credentials.get({ publicKey: { challenge: bytes, rpId, userVerification: "required" } });
    return JSON.stringify(shown);
  }, { challenge, rpId });
  expect(credential).toContain("userHandle");
  const answer = await page.request.post(`${site.url}/auth/passkey`, { form: { credential }, maxRedirects: 0 });
  expect(answer.headers()["location"]).toContain("/login?error=passkey");
  expect(answer.headers()["set-cookie"]).toBeUndefined();
  await new Promise((closed) => evil.close(closed));

  await password(page, site.url);
  await page.goto(`${site.url}/audit?action=person.sign_in`);
  await expect(page.getByText("the passkey was asked for by another site").first()).toBeAttached();
});

test("without JavaScript nothing of it stands in the way", async ({ page, site, javaScriptEnabled }) => {
  await page.goto(`${site.url}/login`);
  await expect(button(page)).toBeVisible({ visible: javaScriptEnabled });
  await password(page, site.url);
  await page.goto(`${site.url}/account`);
  await expect(page.getByRole("heading", { name: "Passkeys" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Add a passkey" })).toBeVisible({ visible: javaScriptEnabled });
  await expect(page.getByText("Adding one needs JavaScript")).toBeVisible({ visible: !javaScriptEnabled });
});

test("where there is no name, the account says what would help", async ({ page, empty }) => {
  await empty.claim();
  await page.goto(`${empty.url}/login`);
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
  await expect(button(page)).toHaveCount(0);
  await password(page, empty.url);
  await page.goto(`${empty.url}/account`);
  await expect(page.getByText("MILLRACE_PUBLIC_URL")).toBeVisible();
});

test("a script of one's own makes a passkey and takes it away over the API @hydrated", async ({ page, site }) => {
  await device(page);
  await password(page, site.url);
  const answers = await page.evaluate(async (password) => {
    const ask = async (path: string, body: object) => {
      const answer = await fetch(`/api/v1/me/passkeys${path}`, {
        method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" },
      });
      const text = await answer.text();
      return { status: answer.status, body: text ? JSON.parse(text) : undefined };
    };
    const challenge = await ask("/challenge", { password });
    // The browser's own reading of what it is asked.
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(challenge.body.options.publicKey);
    const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
    const made = await ask("", { name: "A script's", credential: credential.toJSON() });
    const again = await ask("", { name: "Twice", credential: credential.toJSON() });
    const wrong = await ask(`/${made.body.id}/remove`, { password: "not the password" });
    const gone = await ask(`/${made.body.id}/remove`, { password });
    return { made, statuses: [challenge, made, again, wrong, gone].map((one) => one.status) };
  }, PASSWORD);
  expect(answers.made.body.name).toBe("A script's");
  expect(answers.statuses.slice(0, 2)).toEqual([200, 201]);
  expect(answers.statuses[2], "a challenge is good once").toBeGreaterThanOrEqual(400);
  expect(answers.statuses.slice(3)).toEqual([422, 204]);
  await page.goto(`${site.url}/account`);
  await expect(passkeys(page)).toHaveCount(0);
});
