// What to order: a stock that came in through the API gets terms, says when and how much, an order is noted, the
// Runway's button leads there, and the lines are a file.
import { asAdministrator, expect, ready, signIn, test, type Hub } from "../hub";
import type { Page } from "@playwright/test";

// Chromium's line for what is refused on purpose.
test.use({ allowed: [/status of 422/] });

const DAY = 86_400;
const today = () => Math.floor(Date.now() / 1_000 / DAY) * DAY;

/** Four months of a stock that loses ten a day, and the orders that take them; some 150 are left. */
async function push(hub: Hub): Promise<void> {
  const headers = { authorization: `Bearer ${hub.key("shop", "ingest")}` };
  let stock = 1_350;
  const samples = [...Array(120).keys()].flatMap((day) => {
    const at = today() - (120 - day) * DAY;
    const orders = 10 + [0, 1, 0, -1, 0][day % 5];
    stock -= orders;
    return [
      { name: "orders", value: orders, at: at + 3_600 },
      { name: "stock", value: stock, at: at + 72_000 },
    ];
  });
  const answer = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers, body: JSON.stringify({ samples }) });
  expect(answer.status).toBe(200);
}

/** Says what a series counts; a stock gets a limit as well. */
async function describe(page: Page, hub: Hub, name: string, ways: string, enabled: boolean): Promise<void> {
  await page.goto(`${hub.url}/series?q=${name}`);
  await page.getByRole("link", { name }).first().click();
  await ready(page, enabled);
  await page.getByLabel("Unit").fill("units");
  await page.getByLabel("Several values in one step are").selectOption({ label: ways });
  await page.locator(".card", { hasText: "Name and unit" }).getByRole("button", { name: "Save" }).click();
  await expect(page.locator(".facts").first()).toContainText("units");
}

test("a stock says when to order how much, and an order counts", async ({ page, empty, javaScriptEnabled: enabled }) => {
  await empty.claim();
  await push(empty);
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/reorders`);
  await expect(page.getByText("No stock yet")).toBeVisible();
  await describe(page, empty, "orders", "a flow: values add up", enabled);
  await describe(page, empty, "stock", "a level: the last value counts", enabled);
  await page.locator("#direction").selectOption({ label: "runs out at or below" });
  await page.locator("#value").fill("0");
  await page.locator(".card", { hasText: "Empty: no limit" }).getByRole("button", { name: "Save" }).click();
  await page.getByRole("link", { name: "What to order" }).click();
  await expect(page.getByText("Say below how long a delivery takes")).toBeVisible();
  await ready(page, enabled);

  // What cannot be is said at its field, and what was typed and chosen stays while its page is drawn anew.
  const taken = page.getByLabel("What is taken is said by");
  await page.getByLabel("Lead time").fill("a fortnight");
  await taken.selectOption({ label: "orders" });
  const drawnAnew = enabled ? page.waitForResponse(/load_reorder/).then(() => page.waitForTimeout(200)) : undefined;
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Give whole days, such as 14.").first()).toBeVisible();
  await ready(page, enabled);
  await drawnAnew;
  if (enabled) {
    await expect(page.getByLabel("Lead time")).toHaveValue("a fortnight");
    await expect(taken.locator("option:checked")).toHaveText("orders");
  } else {
    await taken.selectOption({ label: "orders" });
  }
  await page.getByLabel("Lead time").fill("10");
  await page.getByLabel("In packs of").fill("12");
  await page.getByLabel("Supplier").fill("=Maier & Söhne");
  await page.getByLabel("Price of one").fill("2,50");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("table", { name: "How the quantity was reckoned" })).toBeVisible();
  // The forecast of the orders may still be being fitted.
  await expect(async () => {
    await page.reload();
    await expect(page.locator(".notice").first()).toContainText(/Order \d+.units for .* by /, { timeout: 1_000 });
  }).toPass();
  const working = page.getByRole("table", { name: "How the quantity was reckoned" });
  await expect(working).toContainText("safety stock, so that it lasts with 95");
  await expect(working).toContainText("in packs of 12");
  await expect(page.getByText("What is taken is foreseen from orders.")).toBeVisible();

  // The Runway's button says the same and leads here.
  const here = page.url();
  const headline = await page.locator(".notice").first().innerText();
  const quantity = headline.match(/Order ([\d\s]+?)\s*units/u)?.[1] ?? "none";
  await page.goto(empty.url);
  const button = page.getByRole("link", { name: new RegExp(`Order ${quantity} by`) });
  await expect(button).toHaveAttribute("href", new URL(here).pathname);

  // The file of what is due.
  await page.goto(`${empty.url}/reorders`);
  await expect(page.getByRole("table", { name: "What to order" })).toContainText("Söhne");
  const csv = await (await page.request.get(`${empty.url}/reorders.csv?within=30`)).text();
  expect(csv.split("\r\n")[1]).toMatch(new RegExp(`^'=Maier & Söhne,,stock,${quantity},units,\\d{4}-`));

  // Ordered: it counts, and is taken back.
  await page.goto(here);
  await ready(page, enabled);
  await expect(page.getByLabel("Ordered", { exact: true })).toHaveValue(quantity);
  await page.getByRole("button", { name: "I have ordered it" }).click();
  await expect(page.getByText("The stock has not risen since.")).toBeVisible();
  await expect(working).toContainText("on its way, expected on");
  await ready(page, enabled);
  await page.getByRole("button", { name: "Nothing is on its way any more" }).click();
  await expect(page.getByText("Nothing is noted.")).toBeVisible();

  // Forgotten, and with JavaScript brought back.
  await ready(page, enabled);
  await page.getByRole("button", { name: "Forget how it is bought" }).click();
  await expect(page.getByText("Say below how long a delivery takes")).toBeVisible();
  if (enabled) {
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(working).toBeVisible();
  }
});

test("the demo company says what to order, and who may only look changes nothing", async ({ browser, hub, javaScriptEnabled }) => {
  const password = await hub.person("vera@example.org", "viewer");
  const context = await browser.newContext({ javaScriptEnabled });
  const page = await context.newPage();
  await signIn(page, hub, "vera@example.org", password);
  await page.goto(`${hub.url}/reorders`);
  const table = page.getByRole("table", { name: "What to order" });
  const late = table.getByRole("row", { name: /SKU-7 / });
  await expect(async () => {
    await page.reload();
    await expect(late).toContainText("late", { timeout: 1_000 });
  }).toPass();
  await expect(page.getByText("Not said yet how they are bought")).toBeVisible();
  await late.getByRole("link", { name: /SKU-7/ }).click();
  await expect(page.getByText(/Order .* today: it is late already\./)).toBeVisible();
  await expect(page.getByText("asked for while nothing is there, and lost")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "I have ordered it" })).toHaveCount(0);
  await context.close();
});
