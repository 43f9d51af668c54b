// People and keys: made once, shown once, refused when they may not.
import { execSync } from "node:child_process";
import { test, expect, openCpu, ready, signIn } from "../hub";

test("a person is invited, chooses a password, and a viewer only looks", async ({ page, empty, browser, javaScriptEnabled }) => {
  await empty.claim();
  await signIn(page, empty);
  await page.goto(`${empty.url}/people`);
  await ready(page, javaScriptEnabled);
  await page.locator("#new-email").fill("vera@example.org");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(page.locator("#secret")).toBeVisible();
  const link = await page.locator("#secret").innerText();
  expect(link).toMatch(new RegExp(`^${empty.url}/invite\\?token=\\w{43}$`));
  await page.reload();
  await expect(page.locator("#secret")).toHaveCount(0);
  await expect(page.getByRole("table", { name: "Invitations" })).toContainText("vera@example.org");

  const context = await browser.newContext({ javaScriptEnabled });
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByLabel("E-mail")).toHaveValue("vera@example.org");
  await other.getByLabel("Password").fill("Password2026!");
  await other.getByRole("button", { name: "Choose it and sign in" }).click();
  await expect(other.getByText("on the lists that attackers try first")).toBeVisible();
  await other.getByLabel("Password").fill("a viewer's own words");
  await other.getByRole("button", { name: "Choose it and sign in" }).click();
  await expect(other.getByRole("heading", { name: "Runway" })).toBeVisible();
  await other.goto(`${empty.url}/settings`);
  await expect(other.getByRole("link", { name: "Your account" }).first()).toBeVisible();
  await expect(other.getByText("API keys")).toHaveCount(0);
  await expect(other.getByText("People and roles")).toHaveCount(0);
  await expect(other.locator("main").getByRole("navigation", { name: "Theme" })).toBeVisible();
  await expect(other.getByText("The rest is set by others")).toBeVisible();
  await other.goto(`${empty.url}/welcome`);
  await expect(other.getByText("Your role looks and does not change")).toBeVisible();
  // What would be refused is not offered.
  await other.goto(`${empty.url}/imports`);
  await expect(other.getByText("An operator or an administrator adds data")).toBeVisible();
  await expect(other.locator('input[type="file"]')).toHaveCount(0);
  await other.goto(`${empty.url}/explore`);
  await expect(other.getByText("Ask an administrator for a key")).toBeVisible();
  await other.goto(`${empty.url}/sources`);
  await expect(other.getByRole("heading", { name: "Sources" })).toBeVisible();
  await expect(other.getByRole("link", { name: /Add data|Make a key/ })).toHaveCount(0);
  await other.goto(`${empty.url}/people`);
  await expect(other.getByText("Not allowed")).toHaveCount(1);
  await expect(other.getByText("Access review")).toHaveCount(0);
  await openCpu(other, empty);
  await expect(other.getByRole("button", { name: "Save" })).toHaveCount(0);
  // The link is used up.
  await context.clearCookies();
  await other.goto(link);
  await expect(other.getByText("This link is of no use any more")).toBeVisible();
  await context.close();
});

test("a key is made, shown once, and revoked", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await signIn(page, empty);
  await page.goto(`${empty.url}/settings`);
  await ready(page, javaScriptEnabled);
  await page.locator("#key-name").fill("till");
  await page.getByRole("button", { name: "Make key" }).click();
  const secret = await page.locator("#secret").innerText();
  expect(secret).toMatch(/^mr_\w{43}$/);
  const send = () =>
    fetch(`${empty.url}/api/v1/samples`, { method: "POST", headers: { authorization: `Bearer ${secret}` }, body: '[{"name":"n","value":1}]' });
  expect((await send()).status).toBe(200);
  await page.goto(`${empty.url}/settings`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("No keys yet")).toBeVisible();
  expect((await send()).status).toBe(401);
});

test("a new key comes with lines to paste that work @hydrated", async ({ page, empty }) => {
  await empty.claim();
  await signIn(page, empty);
  await page.goto(`${empty.url}/settings`);
  await ready(page, true);
  await page.locator("#key-name").fill("telegraf");
  await page.getByRole("button", { name: "Make key" }).click();
  const curl = page.getByRole("region", { name: "curl, in line protocol" });
  await expect(curl).toContainText(empty.url);
  const lines = await curl.innerText();
  expect(execSync(`${lines.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ")}`, { encoding: "utf8" })).toBe("204");
});

test("the shell adds people and keys while the server runs @hydrated", async ({ page, empty }) => {
  await empty.claim();
  const password = await empty.person("olga@example.org", "operator");
  await signIn(page, empty, "olga@example.org", password);
  await page.goto(`${empty.url}/welcome`);
  await expect(page.getByText("Explore the demo company")).toBeVisible();
});

test("another site's form is refused @hydrated", async ({ empty }) => {
  await empty.claim();
  const answer = await fetch(`${empty.url}/auth/sign-out`, { method: "POST", headers: { "sec-fetch-site": "cross-site" }, redirect: "manual" });
  expect(answer.status).toBe(403);
});
