// An expression over metrics is watched: it has a past at once, a limit, a forecast, and a line on the Runway.
import { asAdministrator, expect, ready, test, type Hub } from "../hub";

/** Two days of a disk that fills by a percent an hour, in lines of Telegraf, oldest first. */
async function fill(hub: Hub): Promise<void> {
  const key = hub.key("telegraf", "ingest");
  const now = Math.floor(Date.now() / 1000);
  const lines = [...Array(2 * 288).keys()]
    .reverse()
    .flatMap((step) => ["db-1", "db-2"].map((host, n) => `disk,host=${host} used=${(94 - n * 40 - step / 12).toFixed(3)},size=100 ${now - step * 300}`));
  const answer = await fetch(`${hub.url}/influx/api/v2/write?precision=s`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body: lines.join("\n") });
  expect(answer.status).toBe(204);
}

test("an expression is watched, stands on the Runway, is paused, changed and removed", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await fill(empty);
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/explore`);
  await expect(page.getByText("Nothing is watched yet")).toBeVisible();
  await page.goto(`${empty.url}/explore?q=${encodeURIComponent("100 * disk_used / disk_size")}`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("link", { name: "Watch this" }).click();
  await expect(page.getByLabel("Expression")).toHaveValue("100 * disk_used / disk_size");
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Name").fill("Disk used");
  await page.getByLabel("Unit").fill("%");
  await page.getByLabel("Limit").fill("95");
  await page.getByRole("button", { name: "Watch it" }).click();
  await page.waitForURL(/\/explore$/);

  const row = page.getByRole("table", { name: "Watched expressions" }).getByRole("row").filter({ hasText: "Disk used" });
  await expect(async () => {
    await page.goto(`${empty.url}/explore`);
    await expect(row.getByText("watched", { exact: true })).toBeVisible({ timeout: 1_000 });
    await expect(row.locator("td").nth(2)).toHaveText("2", { timeout: 1_000 });
  }).toPass();

  // The fuller one is first to reach 95 %, in an hour.
  await expect(async () => {
    await page.goto(`${empty.url}/`);
    await expect(page.getByRole("link", { name: /Disk used · db-1/ }).first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
  // Lines change their places as forecasts come in: a press may hit the one that is there by then.
  const href = await page.getByRole("link", { name: /Disk used · db-1/ }).first().getAttribute("href");
  await page.goto(`${empty.url}${href}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Disk used · db-1");
  await expect(page.getByText("History and forecast")).toBeVisible();

  await page.goto(`${empty.url}/explore`);
  await ready(page, javaScriptEnabled);
  await row.getByRole("button", { name: "Pause" }).click();
  await expect(row.getByText("paused")).toBeVisible();
  await row.getByRole("link", { name: "Change" }).click();
  await expect(page.getByLabel("Name")).toHaveValue("Disk used");
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Name").fill("Disk full");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("table", { name: "Watched expressions" })).toContainText("Disk full");

  await page.goto(`${empty.url}/sources`);
  await ready(page, javaScriptEnabled);
  const source = page.getByRole("table", { name: "Sources" }).getByRole("row").filter({ hasText: "recorded" });
  await source.locator("summary").click();
  await source.getByLabel(/Type “Disk full”/).fill("Disk full");
  await source.getByRole("button", { name: "Remove" }).click();
  await expect(source).toHaveCount(0);
});

test.describe("an expression that cannot be", () => {
  test.use({ allowed: [/422/] });
  test("is refused at its field and stays as it was typed @hydrated", async ({ page, empty }) => {
    await empty.claim();
    await fill(empty);
    await asAdministrator(page, empty);
    await page.goto(`${empty.url}/explore/watch?q=${encodeURIComponent("sum(")}`);
    await ready(page, true);
    await page.getByLabel("Name").fill("Sum");
    await page.getByRole("button", { name: "Watch it" }).click();
    await expect(page.locator("#rule-expression-error")).toBeVisible();
    await expect(page.getByLabel("Expression")).toHaveValue("sum(");
  });
});
