// The home page: what runs out, breaks or goes over next.
import { asAdministrator, test, expect, ready, type Hub } from "../hub";

test("the planted stories stand on the Runway in their order", async ({ page, hub }) => {
  await expect(async () => {
    await page.goto(`${hub.url}/`);
    await expect(page.locator(".runway-row", { hasText: "SKU-7 Walnut tray" }).locator(".runway-when")).toContainText("in ", { timeout: 1_000 });
    await expect(page.locator(".runway-row", { hasText: "/var on db-1" }).locator(".runway-when")).toContainText("in ", { timeout: 1_000 });
  }).toPass();
  const titles = await page.locator(".runway-title").allTextContents();
  const place = (words: string) => titles.findIndex((title) => title.includes(words));
  expect(place("SKU-7 Walnut tray")).toBeGreaterThanOrEqual(0);
  expect(place("SKU-7 Walnut tray")).toBeLessThan(place("/var on db-1"));
});

test("a disk that began to fill hours ago is told by its pace, before what has days", async ({ page, hub }) => {
  const row = page.locator(".runway-row", { hasText: "/var on web-1" });
  await expect(async () => {
    await page.goto(`${hub.url}/`);
    await expect(row.locator(".runway-when")).toContainText(/in \d+.h/, { timeout: 1_000 });
  }).toPass();
  const titles = await page.locator(".runway-title").allTextContents();
  const place = (words: string) => titles.findIndex((title) => title.includes(words));
  expect(place("/var on web-1")).toBeGreaterThanOrEqual(0);
  expect(place("/var on web-1")).toBeLessThan(place("SKU-7 Walnut tray"));
  await row.getByRole("link", { name: "/var on web-1" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("/var on web-1");
});

test("what cannot be known says why and is never zero", async ({ page, hub }) => {
  await expect(async () => {
    await page.goto(`${hub.url}/`);
    await expect(page.getByText(/not enough history yet \(\d+ of 24 points\)/).first()).toBeAttached({ timeout: 1_000 });
  }).toPass();
});

test("machines and business can be looked at alone", async ({ page, hub, javaScriptEnabled }) => {
  await page.goto(`${hub.url}/`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("navigation", { name: "Which numbers" }).getByRole("link", { name: "Machines" }).click();
  await expect(page).toHaveURL(/only=machine/);
  await expect(page.locator(".runway-title", { hasText: "SKU-7" })).toHaveCount(0);
});

test("a line leads to its series, with its forecast and its back-test", async ({ page, hub, javaScriptEnabled }) => {
  await page.goto(`${hub.url}/`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("link", { name: "SKU-7 Walnut tray" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("SKU-7 Walnut tray");
  await expect(async () => {
    // Without JavaScript a page that came before the forecast says so and stays.
    if (!javaScriptEnabled) await page.reload();
    await expect(page.getByText("Seasonal naive")).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(page.getByText("runs out at").first()).toBeVisible();
});

/** Forty-five days of a disk, read each five minutes, that has been filling by 24 % an hour for three quarters of one. */
async function push(hub: Hub): Promise<void> {
  const steps = 45 * 288;
  const now = Math.floor(Date.now() / 300_000) * 300;
  const samples = [...Array(steps).keys()].map((ago) => {
    const filled = 2 * Math.max(0, 9 - ago);
    return { name: "disk", labels: { mount: "/srv" }, value: 40 + 0.05 * (ago % 7) + filled, at: now - 300 * ago };
  });
  const headers = { authorization: `Bearer ${hub.key("disk", "ingest")}` };
  for (let from = 0; from < steps; from += 4_000) {
    const body = JSON.stringify({ samples: samples.slice(from, from + 4_000) });
    const answer = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
  }
}

test("a disk that is full within hours is foreseen though its forecast goes by days", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await push(empty);
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/series?q=disk+srv`);
  await page.getByRole("link", { name: /disk/ }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("/srv");
  await ready(page, javaScriptEnabled);
  const limit = page.locator(".card", { hasText: "Empty: no limit" });
  await limit.getByLabel("Value").fill("95");
  await limit.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/It rises by 2\d(\.\d+)? an hour of late, which the forecast with a step of 1 d does not show yet\./)).toBeVisible();
  await page.goto(`${empty.url}/`);
  const row = page.locator(".runway-row", { hasText: "/srv" });
  await expect(row).toContainText(/breaks at 95 · rises by 2\d(\.\d+)? an hour/);
  await expect(row.locator(".runway-when")).toContainText(/in \d+.(min|h)/);
});

test("each source of the demo company says what it brought", async ({ page, hub }) => {
  await page.goto(`${hub.url}/sources`);
  for (const name of ["servers", "web shop", "accounting"]) {
    const row = page.locator("tr", { hasText: `Alder & Oak: ${name}` });
    await expect(row.locator('[data-label="Samples in"]')).toHaveText(/[1-9]/);
  }
});
