// Machines: this host has a score; at its limit it loses points, and says to which series.
import { asAdministrator, expect, openCpu, ready, test } from "../hub";

test("a machine at a limit loses points and leads to the series", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  await openCpu(page, empty);
  const title = (await page.getByRole("heading", { level: 1 }).textContent()) ?? "";
  await ready(page, javaScriptEnabled);
  // Whatever the processor does, it is at this or above it.
  await page.getByLabel("Value", { exact: true }).fill("0");
  await page.getByRole("button", { name: "Save" }).first().click();
  await expect(page.locator(".facts")).toContainText("breaks at 0");

  await page.goto(`${empty.url}/machines`);
  const row = page.getByRole("table", { name: "Machines" }).getByRole("row").filter({ hasText: title });
  await expect(row).toContainText("at its limit");
  await expect(row).toContainText(/ill|ailing/);
  // A new machine has too little to say that its series are as usual together.
  await expect(row).toContainText("whether its series are unusual together is unknown");
  await row.getByRole("link", { name: title, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
});
