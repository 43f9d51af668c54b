// The caches on the settings page: what they hold is told there, and forgotten by a button.
import { asAdministrator, expect, ready, test } from "../hub";

test("what is kept is told, and all of it is forgotten by a button", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  const headers = { authorization: `Bearer ${empty.key("asker", "query")}` };
  const ask = async () => (await fetch(`${empty.url}/prometheus/api/v1/labels`, { headers })).headers.get("x-cache");
  await expect.poll(ask).toBe("hit");

  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/settings`);
  await ready(page, javaScriptEnabled);
  const row = page.getByRole("table", { name: "What is kept for a while" }).getByRole("row", { name: /Questions to the metrics/ });
  const answers = row.locator('[data-label="Answers"]');
  await expect(row.locator('[data-label="Kept for"]')).toHaveText(/^5\smin$/);
  await expect(row.locator('[data-label="Hits"]')).toHaveText(/[1-9]/);
  await expect(answers).toHaveText(/[1-9]/);
  await page.getByRole("button", { name: "Empty them" }).click();
  await expect(answers).toHaveText("0");
});
