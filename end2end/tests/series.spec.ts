// The explorer: finding, charts, limits, and samples that come in.
import { asAdministrator, expect, openCpu, ready, test } from "../hub";

test("series are found by words and by labels", async ({ page, hub, javaScriptEnabled }) => {
  await page.goto(`${hub.url}/series`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("searchbox").fill("walnut tray");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page).toHaveURL(/q=walnut/);
  await expect(page.getByRole("link", { name: /Walnut tray/ }).first()).toBeVisible();
  await page.goto(`${hub.url}/series?q=nothing-has-this-name`);
  await expect(page.getByText("Nothing fits")).toBeVisible();
});

test("the range stands in the address and the table says the same as the chart", async ({ page, hub, javaScriptEnabled }) => {
  await page.goto(`${hub.url}/series?q=walnut+tray`);
  await page.getByRole("link", { name: /Walnut tray/ }).first().click();
  await ready(page, javaScriptEnabled);
  await page.getByRole("link", { name: "30 d" }).click();
  await expect(page).toHaveURL(/range=30d/);
  await page.getByRole("link", { name: "Table" }).click();
  await expect(page).toHaveURL(/view=table/);
  await expect(page.locator("table tbody tr").nth(5)).toBeVisible();
});

test.describe("what a form refuses", () => {
  // Chromium writes a line for each answer that is not a success.
  test.use({ allowed: [/status of 422/] });
  test("a limit is set, refused when it is no number, and taken away", async ({ page, empty, javaScriptEnabled }) => {
    await empty.claim();
    await asAdministrator(page, empty);
    await openCpu(page, empty);
    await ready(page, javaScriptEnabled);
    await page.getByLabel("Value", { exact: true }).fill("ninety");
    await page.getByRole("button", { name: "Save" }).first().click();
    await expect(page.getByText("is not a number").first()).toBeVisible();
    await ready(page, javaScriptEnabled);
    await page.getByLabel("Value", { exact: true }).fill("99,5");
    await page.getByRole("button", { name: "Save" }).first().click();
    await expect(page.getByText(/breaks at 99\.5/).first()).toBeVisible();
    await page.getByLabel("Value", { exact: true }).fill("");
    await page.getByRole("button", { name: "Save" }).first().click();
    await expect(page.locator(".fact", { hasText: "Limit" })).toContainText("none");
  });
});

test("a sample that comes in is on screen within two seconds @hydrated", async ({ page, empty }) => {
  await empty.claim();
  const key = empty.key("shop", "ingest");
  const send = (value: number) =>
    fetch(`${empty.url}/api/v1/samples`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ samples: [{ name: "orders", labels: { shop: "eu" }, value }] }),
    });
  expect((await send(11)).status).toBe(200);
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/series?q=orders`);
  await page.getByRole("link", { name: /orders/ }).first().click();
  await expect(page.locator(".fact-value").first()).toContainText("11");
  await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
  await send(4711);
  await expect(page.locator(".fact-value").first()).toContainText(/4.711/, { timeout: 2_000 });
});

test("a key that may only read cannot send, and a wrong sample says what is wrong @hydrated", async ({ empty }) => {
  const send = (key: string, body: string) =>
    fetch(`${empty.url}/api/v1/samples`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body });
  const key = (scope: string) => empty.key(scope, scope);
  expect((await send(key("query"), "[]")).status).toBe(403);
  expect((await send("mr_nonsense", "[]")).status).toBe(401);
  const ingest = key("ingest");
  const broken = await send(ingest, "{");
  expect(broken.status).toBe(422);
  expect(broken.headers.get("content-type")).toContain("application/problem+json");
  const partly = await send(ingest, JSON.stringify({ samples: [{ name: "ok", value: 1 }, { name: "9 bad", value: 1 }] }));
  const answer = await partly.json();
  expect(answer.accepted).toBe(1);
  expect(answer.refused[0].index).toBe(1);
  const none = await send(ingest, JSON.stringify({ samples: [{ name: "ok", value: 1, unit: "kg" }] }));
  expect(none.status).toBe(422);
  expect((await none.json()).detail).toContain("None of 1 samples was taken in. Number 0: `unit` is unknown");
});

test("a page that is asked for anew again and again stays alive @hydrated", async ({ page, hub }) => {
  await page.goto(`${hub.url}/series?q=walnut+tray`);
  await ready(page, true);
  await page.getByRole("link", { name: /Walnut tray/ }).first().click();
  const again = page.getByRole("button", { name: "Compute the forecast anew" });
  await expect(again).toBeVisible();
  // While an answer is drawn the next one is asked for: what is replaced must not read what is gone.
  await page.evaluate(async () => {
    for (let round = 0; round < 60; round++) {
      const button = [...document.querySelectorAll("button")].find((one) => one.textContent?.includes("forecast anew"));
      if (button && !button.disabled) button.click();
      await new Promise((next) => setTimeout(next, 80));
    }
  });
  await page.getByRole("link", { name: "Machines" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Machines");
});
