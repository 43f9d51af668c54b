// Models: a series that came in through the interface is fitted by the queue, its page says how its forecast is made,
// and a version is put back in force by hand.
import { asAdministrator, expect, ready, test, type Hub } from "../hub";
import type { Page } from "@playwright/test";

/** Days of sales with a week's pattern and a little unrest. */
async function push(hub: Hub, days: number): Promise<void> {
  const today = Math.floor(Date.now() / 86_400_000) * 86_400;
  const samples = [...Array(days).keys()].map((ago) => {
    const value = 200 + (ago % 7 < 2 ? 60 : 0) + ((ago * 7919) % 101) / 10;
    return { name: "sales", labels: { shop: "eu" }, value, at: today - (ago + 1) * 86_400 };
  });
  const headers = { authorization: `Bearer ${hub.key("shop", "ingest")}` };
  const answer = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers, body: JSON.stringify({ samples }) });
  expect(answer.status).toBe(200);
}

/** Opens the series once the queue has fitted it. */
async function fitted(page: Page, hub: Hub): Promise<void> {
  await hub.claim();
  await push(hub, 140);
  await asAdministrator(page, hub);
  await expect(async () => {
    await page.goto(`${hub.url}/models?q=sales`);
    await expect(page.getByRole("table", { name: "Models" })).toContainText("sales", { timeout: 1_000 });
  }).toPass();
}

test("a model is listed, told on its series' page, and rolled back by hand", async ({ page, empty, javaScriptEnabled }) => {
  await fitted(page, empty);
  const row = page.getByRole("row", { name: /sales/ });
  await expect(row).toContainText(/\d+ % better/);
  await expect(row).toContainText("140 points of 1 d");
  await page.getByRole("link", { name: "Held" }).click();
  await expect(page.getByText("No model fits that")).toBeVisible();
  await page.goto(`${empty.url}/models?q=sales`);
  await row.getByRole("link").click();
  await expect(page.getByRole("heading", { name: "How this forecast is made" })).toBeVisible();
  await ready(page, javaScriptEnabled);

  const made = page.locator(".card", { hasText: "How this forecast is made" });
  await expect(made).toContainText(/it beat “the same as last season”: \d+ % better/);
  for (const model of ["All together", "Seasonal naive", "ETS", "Dynamic Theta", "CES", "MSTL"]) {
    await expect(made.getByRole("cell", { name: model, exact: true })).toBeVisible();
  }
  await expect(made).toContainText("It repeats every 7 points.");
  await expect(made).toContainText(/In the back-test \d+ % of values lay within the 80 % band/);
  await expect(made).toContainText("Version 1, in force");
  await expect(made.getByRole("button")).toHaveCount(0);
  const errors = page.locator(".card", { hasText: "Errors over time" });
  await expect(errors).toContainText("No errors yet");

  await page.getByRole("button", { name: "Compute the forecast anew" }).click();
  await expect(made).toContainText("Version 2, in force");
  await expect(made).toContainText("because somebody asked for it");
  await ready(page, javaScriptEnabled);
  await made.getByRole("button", { name: "Roll back" }).click();
  await expect(made).toContainText("Version 1, in force and held until");
  await expect(made).toContainText("Version 2, withdrawn");

  // What it did before when it went as it does now: a week's pattern is found weeks before.
  await page.getByRole("link", { name: "Similar past" }).click();
  await expect(page.getByRole("heading", { name: /^Similar past of/ })).toBeVisible();
  const alike = page.getByRole("table", { name: "Similar stretches of the past" });
  await expect(alike.getByRole("row").nth(1)).toContainText("Now");
  await expect(alike.getByRole("row").nth(2)).toContainText("Foreseen");
  await expect(alike.getByRole("row").nth(3)).toContainText(/20\d\d – .*\d+\s%/);
  await expect(page.getByRole("img", { name: /^Similar past of/ }).locator("path.chart-line")).not.toHaveCount(0);
  await ready(page, javaScriptEnabled);
  await alike.getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: "How this forecast is made" })).toBeVisible();

  await page.goto(`${empty.url}/models?show=held`);
  await expect(row).toContainText("held");
});

test("the queue says what it did and when it comes again", async ({ page, empty }) => {
  await fitted(page, empty);
  await page.goto(`${empty.url}/jobs`);
  const kinds = page.getByRole("table", { name: "Jobs by kind" });
  await expect(kinds.getByRole("row", { name: /Fit a model/ })).toContainText(/[1-9]/);
  await expect(page.getByRole("table", { name: "Done" })).toContainText(/Fit a model: sales.*Fitted because there was none on 140 points/);
  await expect(page.getByText("Nothing failed for good.")).toBeVisible();
  await expect(page.getByRole("table", { name: "Scheduled" })).toContainText("Tidy up");
  const numbers = await (await fetch(`${empty.url}/metrics`)).text();
  expect(numbers).toMatch(/millrace_jobs\{kind="fit_model",state="done"\} [1-9]/);
  expect(numbers).toMatch(/millrace_models [1-9]/);
  expect(numbers).toMatch(/millrace_model_error_ratio 0\.\d+/);
});
