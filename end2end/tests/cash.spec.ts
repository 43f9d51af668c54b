// Cash: an account from a file, payments that are known, the weeks that follow, and what is said of them.
import { test, expect, asAdministrator, ready, type Hub } from "../hub";
import type { Page } from "@playwright/test";

const DAY = 86_400;

function day(after: number): string {
  return new Date(Date.now() + after * DAY * 1_000).toISOString().slice(0, 10);
}

// Chromium's line for the lines that cannot be read.
test.use({ allowed: [/status of 422/] });

/** Seventeen weeks that lose 700 each and end with 7,000. */
async function account(hub: Hub): Promise<void> {
  const key = hub.key("bank", "ingest");
  const today = Math.floor(Date.now() / 1_000 / DAY) * DAY;
  const samples = [...Array(119).keys()].map((back) => ({ name: "bank", at: today - DAY * (back + 1), value: 7_000 + 100 * back }));
  const sent = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" }, body: JSON.stringify({ samples }) });
  expect(sent.status).toBeLessThan(300);
}

async function named(page: Page, hub: Hub): Promise<void> {
  await page.goto(`${hub.url}/series?q=bank`);
  await page.getByRole("link", { name: "bank" }).first().click();
  await page.getByLabel("Name").fill("Bank");
  await page.getByLabel("Unit").fill("EUR");
  const form = page.locator("form", { has: page.getByLabel("Unit") });
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Bank" })).toBeVisible();
}

test("an account and what is known to be paid say when money runs out", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/cash`);
  await expect(page.getByText("Say below which account it is")).toBeVisible();
  await account(empty);
  await named(page, empty);

  await page.goto(`${empty.url}/cash`);
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Account").selectOption({ label: "Bank" });
  await page.getByRole("button", { name: "Save" }).click();
  // 7,000 last ten weeks.
  await expect(page.getByText(/Cash is expected to run out on/)).toBeVisible();
  const weeks = page.getByRole("table", { name: "Cash week by week" });
  await expect(weeks.getByRole("row")).toHaveCount(14);
  await expect(page.getByRole("img", { name: /balance of the next thirteen weeks/ })).toBeVisible();

  const form = page.locator("form", { has: page.getByLabel("Who and for what") });
  await form.getByLabel("Who and for what").fill("Nordlicht Hotels");
  await form.getByLabel("Amount").fill("9.000,50");
  await form.getByLabel("Due on").fill(day(10));
  await form.getByRole("button", { name: "Enter" }).click();
  const payments = page.getByRole("table", { name: "Payments that are known" });
  await expect(payments.getByRole("row", { name: /Nordlicht Hotels.*9.000\.50.€/ })).toBeVisible();
  await expect(page.getByText(/Cash is expected to run out on/)).toBeHidden();
  await expect(weeks.getByRole("row").nth(2)).toContainText(/9.001.€/);

  const csv = await (await page.request.get(`${empty.url}/cash.csv`)).text();
  expect(csv.split("\r\n")[0]).toBe("week_begins,entered_in,entered_out,usual,balance,lower80,upper80,lower95,upper95,currency");
  expect(csv).toContain(",9000.50,");

  await page.getByText("Paste many, from a spreadsheet").click();
  const many = page.locator("form", { has: page.getByLabel("Payments", { exact: true }) });
  await many.getByLabel("Which way").selectOption({ label: "We pay" });
  await many.getByLabel("Payments", { exact: true }).fill("Rent\t1200\nsoon");
  await many.getByRole("button", { name: "Take over" }).click();
  await expect(page.getByText("Line 1: give name, amount and day").first()).toBeVisible();
  if (!javaScriptEnabled) {
    await page.goto(`${empty.url}/cash`);
    await page.getByText("Paste many, from a spreadsheet").click();
    await many.getByLabel("Which way").selectOption({ label: "We pay" });
  }
  await many.getByLabel("Payments", { exact: true }).fill(`Rent\t1200\t${day(5)}\nTax;6400;${day(30)}`);
  await many.getByRole("button", { name: "Take over" }).click();
  await expect(payments.getByRole("row")).toHaveCount(4);
  await expect(payments.getByRole("row", { name: /Tax.*−6.400\.00/ })).toBeVisible();

  await payments.getByRole("row", { name: /Nordlicht/ }).getByRole("button").click();
  await expect(payments.getByRole("row")).toHaveCount(3);
  if (javaScriptEnabled) {
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(payments.getByRole("row", { name: /Nordlicht/ })).toBeVisible();
  }
});

test("who may not change it sees it without forms", async ({ page, hub }) => {
  await page.goto(`${hub.url}/cash`);
  await expect(page.getByRole("table", { name: "Cash week by week" })).toBeVisible();
  await expect(page.getByRole("row", { name: /Value added tax/ })).toBeVisible();
  const password = await hub.person("cash-viewer@example.org", "viewer");
  await page.context().clearCookies();
  await page.goto(`${hub.url}/login`);
  await page.getByLabel("E-mail").fill("cash-viewer@example.org");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/login");
  await page.goto(`${hub.url}/cash`);
  await expect(page.getByRole("table", { name: "Payments that are known" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Save" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^(Came in|Paid):/ })).toHaveCount(0);
});
