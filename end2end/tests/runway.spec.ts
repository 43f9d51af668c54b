// The home page: what runs out, breaks or goes over next.
import { test, expect, ready } from "../hub";

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

test("each source of the demo company says what it brought", async ({ page, hub }) => {
  await page.goto(`${hub.url}/sources`);
  for (const name of ["servers", "web shop", "accounting"]) {
    const row = page.locator("tr", { hasText: `Alder & Oak: ${name}` });
    await expect(row.locator('[data-label="Samples in"]')).toHaveText(/[1-9]/);
  }
});
