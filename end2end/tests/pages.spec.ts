// Every page: whole without JavaScript, accessible, and never wider than the screen.
import AxeBuilder from "@axe-core/playwright";
import { asAdministrator, expect, Hub, ready, test } from "../hub";

const PAGES = ["/", "/series", "/machines", "/boards", "/explore", "/sources", "/sources/scrape", "/imports", "/models", "/calendar", "/calendar/entry", "/reorders", "/cash", "/jobs", "/settings", "/account", "/people", "/people/roles", "/audit", "/welcome", "/gallery"];

for (const path of PAGES) {
  test(`${path} has a heading and its places`, async ({ page, hub }) => {
    const answer = await page.goto(`${hub.url}${path}`);
    expect(answer?.status()).toBe(200);
    await expect(page.locator("h1").first()).not.toBeEmpty();
    await expect(page.getByRole("navigation", { name: "Places" }).first()).toBeAttached();
  });

  for (const theme of ["light", "dark"]) {
    test(`${path} has no serious accessibility fault in the ${theme} theme @hydrated`, async ({ page, hub, context }) => {
      await context.addCookies([{ name: "millrace_theme", value: theme, url: hub.url }]);
      await page.goto(`${hub.url}${path}`);
      await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
      await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
      const found = await new AxeBuilder({ page }).analyze();
      const serious = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical");
      expect(serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).slice(0, 4).join(", ")}`)).toEqual([]);
    });
  }

  test(`${path} fits a phone of 360 px`, async ({ page, hub }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`${hub.url}${path}`);
    const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    expect(wide).toBeLessThanOrEqual(seen);
  });
}

test.describe("a page that is not there", () => {
  test.use({ allowed: [/404/] });
  test("is a 404 that leads back", async ({ page, hub }) => {
    const answer = await page.goto(`${hub.url}/no-such-page`);
    expect(answer?.status()).toBe(404);
    await page.getByRole("link", { name: "Back to the Runway" }).click();
    await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
  });

  test("a series that is not there is a 404 in words", async ({ page, hub }) => {
    const answer = await page.goto(`${hub.url}/series/none`);
    expect(answer?.status()).toBe(404);
    await expect(page.getByText("There is no such series")).toBeVisible();
  });
});

test("the theme is remembered without a flash", async ({ page, hub, context }) => {
  await context.addCookies([{ name: "millrace_theme", value: "dark", url: hub.url }]);
  const html = await (await context.request.get(`${hub.url}/`)).text();
  expect(html).toContain('data-theme="dark"');
  await page.goto(hub.url);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("Ctrl-K finds a series by the keyboard alone @hydrated", async ({ page, hub }) => {
  await page.goto(hub.url);
  await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("walnut tray");
  await expect(page.getByRole("dialog").getByText(/Walnut tray/).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/series\//);
});

test("Ctrl-K finds pages by their names and by other words, and forgets what was typed @hydrated", async ({ page, hub }) => {
  await page.goto(hub.url);
  await ready(page, true);
  const palette = page.getByRole("dialog", { name: "Search" });
  const names = { audit: "Audit log", people: "People", findings: "Findings", supplier: "Purchasing", passkey: "Your account", limit: "Series", theme: "Dark theme", "sign out": "Your account" };
  for (const [typed, name] of Object.entries(names)) {
    await page.keyboard.press("Control+k");
    await expect(palette.getByRole("combobox")).toHaveValue("");
    await page.keyboard.type(typed);
    await expect(palette.getByRole("option", { name, exact: true })).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(palette).toBeHidden();
  }
});

test("the menu closes on Escape and on a press elsewhere @hydrated", async ({ page, hub }) => {
  await page.goto(`${hub.url}/series`);
  await ready(page, true);
  const mark = page.getByLabel(/^Menu of/);
  const sheet = page.locator(".menu-sheet");
  await mark.click();
  await expect(sheet).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  await expect(mark).toBeFocused();
  await mark.click();
  await page.getByRole("heading", { level: 1 }).click();
  await expect(sheet).toBeHidden();
});

test("findings stand by the time that is told of them, the newest first", async ({ page, hub }) => {
  await page.goto(`${hub.url}/findings`);
  const told = await page.locator("main table time").evaluateAll((all) => all.map((one) => one.getAttribute("datetime") ?? ""));
  expect(told).toEqual([...told].sort().reverse());
});

test("findings that may be chance are left out until they are asked for, and business can be alone", async ({ page, hub }) => {
  const rows = page.getByRole("table", { name: "Findings" }).locator("tbody tr");
  const chance = rows.filter({ hasText: "may be chance" });
  // Series are looked at one after the other.
  await expect(async () => {
    await page.goto(`${hub.url}/findings?only=machine`);
    await expect(rows.filter({ hasText: "web-2" }).first()).toBeVisible({ timeout: 1_000 });
    await page.goto(`${hub.url}/findings`);
    await expect(page.getByText(/^\d+ more may be chance\./)).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(chance).toHaveCount(0);
  await page.getByRole("link", { name: "Show them" }).click();
  await expect(chance.first()).toBeVisible();
  await expect(page.getByText(/^\d+ of these may be chance\./)).toBeVisible();
  const which = page.getByRole("navigation", { name: "Which numbers" });
  await which.getByRole("link", { name: "Business" }).click();
  await expect(page).toHaveURL(/\/findings\?only=business&chance=1$/);
  await expect(rows.filter({ hasText: "web-2" })).toHaveCount(0);
  await which.getByRole("link", { name: "Machines" }).click();
  await expect(rows.filter({ hasText: "web-2" }).first()).toBeVisible();
  await page.getByRole("link", { name: "Hide them" }).click();
  await expect(page).toHaveURL(/\/findings\?only=machine$/);
});

test("a source that is silent was last seen when its data came", async ({ page, hub }) => {
  await page.goto(`${hub.url}/sources`);
  const seen = await page.getByRole("row", { name: /drying kiln/ }).locator("time").first().getAttribute("datetime");
  expect(Date.now() - Date.parse(seen ?? "")).toBeGreaterThan(4 * 3_600_000);
});

test("a phone's bar leads everywhere and is no wider than the phone", async ({ page, hub }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${hub.url}/series`);
  const bar = page.locator("nav.bottom");
  for (const link of await bar.locator("> *").all()) {
    const box = await link.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(360);
  }
  for (const [place, title] of [["Machines", "Machines"], ["Calendar", "Calendar"]]) {
    await bar.getByText("More", { exact: true }).click();
    await bar.getByRole("link", { name: place }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
    await expect(bar.getByRole("link", { name: place })).toBeHidden();
  }
});

test("what a phone's bar has no room for is named under More, with the page that is open", async ({ page, hub }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const bar = page.locator("nav.bottom");
  const more = bar.locator("summary");
  const places = ["Purchasing", "Cash", "Machines", "Boards", "Models", "Calendar", "Jobs", "Settings"];
  await page.goto(`${hub.url}/series`);
  await expect(more).not.toHaveAttribute("aria-current");
  await more.click();
  await expect(bar.locator(".more-sheet a")).toHaveText(places);
  for (const place of ["Calendar", "Machines"]) {
    await page.goto(`${hub.url}/${place.toLowerCase()}`);
    await expect(more).toHaveAttribute("aria-current", "true");
    await more.click();
    const sheet = bar.locator(".more-sheet");
    await expect(sheet.getByRole("link", { name: place, exact: true })).toHaveAttribute("aria-current", "page");
    await expect(sheet.locator("[aria-current]")).toHaveCount(1);
    const box = await sheet.boundingBox();
    expect(box?.x ?? -1).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(360);
  }
});

test("every response carries the content policy and a request id", async ({ hub, context }) => {
  const answer = await context.request.get(`${hub.url}/`);
  const policy = answer.headers()["content-security-policy"] ?? "";
  expect(policy).toMatch(/script-src 'self' 'nonce-[^']+' 'wasm-unsafe-eval'/);
  expect(policy).toContain("style-src 'self'");
  expect(answer.headers()["x-request-id"]).toMatch(/[0-9a-f-]{36}/);
  expect(answer.headers()["x-content-type-options"]).toBe("nosniff");
});

// As in a tab that stayed open while the server became a newer one.
test.describe("a part that is no longer there", () => {
  test.use({ allowed: [/404|WebAssembly/] });
  test("is asked of the server as a page @hydrated", async ({ page, hub }) => {
    await page.goto(`${hub.url}/`);
    await ready(page, true);
    await page.route(/split_charted/, (route) => route.fulfill({ status: 404 }));
    await page.getByRole("link", { name: "Series", exact: true }).first().click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Series");
    await expect(page.locator("main").getByRole("link", { name: /CPU/ }).first()).toBeVisible();
    expect(new URL(page.url()).pathname).toBe("/series");
  });
});

test("every page of an installation that has nothing yet comes to life @hydrated", async ({ page }) => {
  test.setTimeout(600_000);
  const hub = await Hub.start("serve", { MILLRACE_HOST_SECONDS: "0" });
  try {
    await hub.claim();
    await asAdministrator(page, hub);
    // The gallery shows the same everywhere, and places that lead nowhere.
    for (const path of PAGES.filter((path) => path !== "/gallery")) {
      await test.step(path, async () => {
        await page.goto(`${hub.url}${path}`);
        await ready(page, true);
        // What died says nothing and answers nothing: a way to elsewhere is what shows it.
        const elsewhere = path === "/jobs" ? "Models" : "Jobs";
        await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: elsewhere }).first().click();
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(elsewhere);
      });
    }
    await page.goto("about:blank");
  } finally {
    await hub.stop();
  }
});

test.describe("a server that is gone", () => {
  test.use({ allowed: [/Failed to load resource|connection/i] });
  test("is seen within seconds, and so is that it is back @hydrated", async ({ page, empty }) => {
    await empty.claim();
    await asAdministrator(page, empty);
    await page.goto(`${empty.url}/series`);
    await ready(page, true);
    const mark = page.getByRole("banner").locator(".live");
    await empty.kill();
    try {
      await expect(mark).toHaveText(/No news since \d\d:\d\d:\d\d/, { timeout: 12_000 });
    } finally {
      await empty.again();
    }
    await expect(page.getByRole("banner").locator(".live-on")).toBeVisible({ timeout: 60_000 });
  });

  test("leaves what was shown where it only cannot be read anew @hydrated", async ({ page, hub }) => {
    await page.goto(`${hub.url}/series?q=walnut+tray`);
    await ready(page, true);
    await page.getByRole("link", { name: /Walnut tray/ }).first().click();
    await expect(page.getByText("History and forecast")).toBeVisible();
    const again = page.getByRole("button", { name: "Compute the forecast anew" });
    const told = page.getByText("The server cannot be reached");
    const missed = async () => {
      await page.route(/load_detail/, (route) => route.abort());
      await again.click();
      await expect(told).toBeVisible();
      await expect(page.getByText("History and forecast")).toBeVisible();
    };
    await missed();
    await page.unrouteAll();
    await again.click();
    await expect(told).toHaveCount(0);
    await expect(page.getByText("History and forecast")).toBeVisible();
    // What was left and is opened again is not old.
    await missed();
    await page.getByRole("link", { name: "Machines" }).first().click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Machines");
    await expect(told).toHaveCount(0);
    await page.unrouteAll();
    await page.goBack();
    await expect(page.getByText("History and forecast")).toBeVisible();
    await expect(told).toHaveCount(0);
  });

  test("is told as that, and the page can be asked for again @hydrated", async ({ page, empty }) => {
    await empty.claim();
    await asAdministrator(page, empty);
    await page.goto(`${empty.url}/sources`);
    await ready(page, true);
    await empty.kill();
    try {
      await page.getByRole("link", { name: "Machines" }).first().click();
      await expect(page.getByText("The server cannot be reached").first()).toBeVisible();
    } finally {
      await empty.again();
    }
    const again = page.getByRole("link", { name: "Try again" }).first();
    // Where the stream came back first, the page has already asked by itself.
    if (await again.isVisible()) await again.click({ timeout: 2_000 }).catch(() => undefined);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Machines");
    await expect(page.getByText("The server cannot be reached")).toHaveCount(0);
  });
});
