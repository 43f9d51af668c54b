// The calendar: holidays of a region are chosen, a promotion is entered, forecasts know it and say so, and it is removed.
import { findsMark } from "../chart";
import { asAdministrator, expect, ready, test, type Hub } from "../hub";
import type { Page } from "@playwright/test";

const DAY = 86_400;
const today = () => Math.floor(Date.now() / 1_000 / DAY) * DAY;
const date = (at: number) => new Date(at * 1_000).toISOString().slice(0, 10);

/** Days of orders with a week's pattern; twice as many on the days of a sale, `ago` days ago. */
async function push(hub: Hub, ago: number[]): Promise<void> {
  const samples = [...Array(140).keys()].map((days) => {
    const usual = 200 + (days % 7 < 2 ? 60 : 0) + ((days * 7919) % 101) / 10;
    return { name: "orders", value: ago.includes(days) ? 2 * usual : usual, at: today() - days * DAY + 3_600 };
  });
  const headers = { authorization: `Bearer ${hub.key("shop", "ingest")}` };
  const answer = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers, body: JSON.stringify({ samples }) });
  expect(answer.status).toBe(200);
}

async function enter(page: Page, hub: Hub, name: string, first: string, last: string, enabled: boolean): Promise<void> {
  await page.goto(`${hub.url}/calendar/entry`);
  await ready(page, enabled);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("First day").fill(first);
  await page.getByLabel("Last day").fill(last);
  await page.getByRole("button", { name: "Add it" }).click();
  await expect(page.getByRole("table", { name: "Promotions and closures" })).toContainText(name);
}

test("a promotion is entered, foreseen, told, changed and removed", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await push(empty, [60, 59, 58]);
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/calendar`);
  await expect(page.getByText("Nothing is entered yet")).toBeVisible();
  await expect(page.getByText("No public holidays count")).toBeVisible();
  await expect(async () => {
    await page.goto(`${empty.url}/models?q=orders`);
    await expect(page.getByRole("table", { name: "Models" })).toContainText("orders", { timeout: 1_000 });
  }).toPass();

  await enter(page, empty, "Sale", date(today() - 60 * DAY), date(today() - 58 * DAY), javaScriptEnabled);
  await enter(page, empty, "Sale", date(today() + 5 * DAY), date(today() + 6 * DAY), javaScriptEnabled);
  const table = page.getByRole("table", { name: "Promotions and closures" });
  await expect(table.getByRole("row", { name: /Sale/ })).toHaveCount(2);
  await expect(table).toContainText("ahead");
  await expect(table).toContainText("over");
  await expect(table).toContainText("every series");

  const made = page.locator(".card", { hasText: "How this forecast is made" });
  await expect(async () => {
    await page.goto(`${empty.url}/series?q=orders`);
    await page.getByRole("link", { name: "orders" }).first().click();
    await expect(made).toContainText(/Sale \(promotion\): \+\d+/, { timeout: 1_000 });
    await expect(made).toContainText("Ahead on", { timeout: 1_000 });
  }).toPass();
  await expect(made).toContainText("because the calendar was changed");

  // From the page of a series, that series is chosen.
  await page.getByRole("link", { name: "Add a promotion" }).click();
  await expect(page.getByRole("checkbox", { name: /orders/ })).toBeChecked();
  await expect(page.getByLabel("Touches")).toHaveValue("series");

  await page.goto(`${empty.url}/calendar`);
  await ready(page, javaScriptEnabled);
  await table.getByRole("row", { name: /ahead/ }).getByRole("link", { name: "Change Sale" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Sale");
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Name", { exact: true }).fill("Clearance");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(table).toContainText("Clearance");
  await ready(page, javaScriptEnabled);
  await page.getByRole("button", { name: "Remove Clearance" }).click();
  await expect(table).not.toContainText("Clearance");
  if (javaScriptEnabled) {
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(table).toContainText("Clearance");
  }
});

test("the public holidays of a region are chosen and told", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/calendar`);
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Country or region").selectOption({ label: "Germany: Bavaria" });
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Those of Germany: Bavaria. The next:")).toBeVisible();
  await expect(page.locator(".name-list li")).toHaveCount(6);
  await expect(page.getByLabel("Country or region")).toHaveValue("DE-BY");
  await page.goto(`${empty.url}/audit`);
  const entries = page.getByRole("list", { name: "Entries, the newest first" });
  await expect(entries.getByRole("listitem").filter({ hasText: "calendar.holidays" })).toHaveCount(1);
});

test.describe("days that cannot be", () => {
  test.use({ allowed: [/422/] });
  test("are refused at their field", async ({ page, empty, javaScriptEnabled }) => {
    await empty.claim();
    await asAdministrator(page, empty);
    await page.goto(`${empty.url}/calendar/entry`);
    await ready(page, javaScriptEnabled);
    await page.getByLabel("Name", { exact: true }).fill("Backwards");
    await page.getByLabel("First day").fill("2026-11-27");
    await page.getByLabel("Last day").fill("2026-11-26");
    await page.getByRole("button", { name: "Add it" }).click();
    await expect(page.locator("#entry-last-error")).toContainText("before the first");
    if (javaScriptEnabled) await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Backwards");
  });
});

test("alerts and promotions stand under the chart of a series, and on it", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await push(empty, []);
  await asAdministrator(page, empty);
  await enter(page, empty, "Sale", date(today() - 10 * DAY), date(today() - 9 * DAY), javaScriptEnabled);
  const at = (days: number) => new Date((today() - days * DAY) * 1_000).toISOString();
  const alert = {
    status: "resolved", labels: { alertname: "CheckoutDown", instance: "web-1" }, annotations: {},
    startsAt: at(20), endsAt: at(19), generatorURL: "", fingerprint: "f",
  };
  const message = {
    version: "4", groupKey: "x", truncatedAlerts: 0, status: "resolved", receiver: "x", groupLabels: {}, commonLabels: {},
    commonAnnotations: {}, externalURL: "", alerts: [alert],
  };
  const headers = { authorization: `Bearer ${empty.key("alerts", "ingest")}`, "content-type": "application/json" };
  const sent = await fetch(`${empty.url}/api/v1/alertmanager`, { method: "POST", headers, body: JSON.stringify(message) });
  expect(sent.status).toBe(200);

  await page.goto(`${empty.url}/series?q=orders`);
  await page.getByRole("link", { name: "orders" }).first().click();
  const happened = page.locator(".card", { hasText: "What happened" });
  await expect(happened.getByRole("listitem")).toHaveCount(2);
  await expect(happened.getByRole("listitem").nth(0)).toContainText("Sale");
  await expect(happened.getByRole("listitem").nth(1)).toContainText("CheckoutDown instance=web-1");
  if (!javaScriptEnabled) return;
  await ready(page, true);
  await findsMark(page, "Sale");
});
