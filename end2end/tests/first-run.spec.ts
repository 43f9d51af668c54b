// The first five minutes: the link, the administrator, live numbers, the three doors.
import { test, expect, PASSWORD, ready } from "../hub";

test("the one-time link makes the administrator, once, and this host is already moving", async ({ page, empty, javaScriptEnabled }) => {
  await page.goto(empty.setupLink);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByRole("heading", { name: "Add data" })).toBeVisible();
  await expect(page.getByText("Explore the demo company")).toBeVisible();
  // The first reading comes after half a second; without JavaScript one has to look again.
  await expect(async () => {
    if (!javaScriptEnabled) await page.reload();
    await expect(page.locator(".tile").filter({ hasText: "CPU" })).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await ready(page, javaScriptEnabled);

  await page.goto(empty.setupLink);
  await expect(page.getByRole("heading", { name: "This link is used up" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Create and sign in" })).toHaveCount(0);
});

test("what comes in before a page's stream is open is shown all the same @hydrated", async ({ page, empty }) => {
  // As on a slow line: the first reading is long there when the stream opens.
  await page.route("**/live*", async (route) => {
    await new Promise((later) => setTimeout(later, 4_000));
    await route.continue();
  });
  await page.goto(empty.setupLink);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByRole("heading", { name: "Add data" })).toBeVisible();
  await expect(page.locator(".tile").filter({ hasText: "CPU" })).toBeVisible({ timeout: 20_000 });
});

test("a link that does not fit says so and how to get another", async ({ page, empty }) => {
  await page.goto(`${empty.url}/setup?token=wrong`);
  await expect(page.getByRole("heading", { name: "This link does not fit" })).toBeVisible();
  await expect(page.getByText("restart Millrace and it prints another")).toBeVisible();
  await expect(page.getByRole("button", { name: "Create and sign in" })).toHaveCount(0);
});

test("a password that is too short is refused with what to do", async ({ page, empty }) => {
  await page.goto(empty.setupLink);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").evaluate((input) => input.removeAttribute("minlength"));
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByText("12 characters or more").first()).toBeVisible();
});

test("nobody sees a page without signing in, and after it they are where they wanted to be", async ({ page, empty }) => {
  await empty.claim();
  await page.goto(`${empty.url}/series?q=disk`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The address or the password is wrong")).toBeVisible();
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/series\?q=disk/);
  await page.locator(".menu summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("You are signed out")).toBeVisible();
});

test("the demo company comes with one click and goes with one", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await page.goto(`${empty.url}/login`);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.goto(`${empty.url}/welcome`);
  await ready(page, javaScriptEnabled);
  await expect(page.getByRole("region", { name: "An example for curl" })).toContainText(`curl -X POST ${empty.url}/api/v1/samples`);
  await page.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByText("SKU-7 Walnut tray").first()).toBeVisible({ timeout: 90_000 });
  await ready(page, javaScriptEnabled);
  await page.getByRole("button", { name: "Remove it" }).click();
  await expect(page.getByText("Demo data")).toHaveCount(0, { timeout: 60_000 });
  await page.goto(`${empty.url}/series?q=walnut`);
  await expect(page.getByText("Nothing fits")).toBeVisible();
});
