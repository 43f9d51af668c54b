// What a first visit costs on the wire, as Chromium counts it; the budgets stand here.
import { test, expect } from "../hub";

// The goals are 300 and 450 KiB. The first is reached; the second is what is, so that it gets no worse (docs/measurements.md).
// Each stands a KiB and a half above what was measured: builds of one source differ by half a KiB.
const FIRST_PAINT = 293 * 1024;
const WITH_CHARTS = 580 * 1024;

test("transfer sizes stay within their budgets @hydrated", async ({ page, hub }) => {
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Network.setCacheDisabled", { cacheDisabled: true });
  const urls = new Map<string, string>();
  const sizes = new Map<string, number>();
  client.on("Network.responseReceived", (e) => urls.set(e.requestId, e.response.url));
  client.on("Network.loadingFinished", (e) => {
    const url = urls.get(e.requestId) ?? "";
    if (/\.(js|wasm|css)(\?|$)/.test(url)) sizes.set(url, e.encodedDataLength);
  });
  const total = () => [...sizes.values()].reduce((sum, size) => sum + size, 0);

  await page.goto(`${hub.url}/`);
  await expect(page.getByRole("banner").locator(".live-on")).toBeVisible();
  const first = total();
  await page.goto(`${hub.url}/series?q=walnut+tray`);
  await page.getByRole("link", { name: /Walnut tray/ }).first().click();
  await expect(page.locator(".chart-drawn")).toBeVisible();
  const all = total();
  console.log(`first paint ${(first / 1024).toFixed(1)} KiB of wasm, JS and CSS; with charts ${(all / 1024).toFixed(1)} KiB`);
  expect(first).toBeLessThanOrEqual(FIRST_PAINT);
  expect(all).toBeLessThanOrEqual(WITH_CHARTS);
});

test("hashed files are immutable and arrive compressed @hydrated", async ({ hub, context }) => {
  const html = await (await context.request.get(`${hub.url}/`)).text();
  const wasm = html.match(/\/pkg\/millrace[^"']*\.wasm/)?.[0] ?? "";
  const answer = await fetch(`${hub.url}${wasm}`, { headers: { "accept-encoding": "br" } });
  expect(answer.headers.get("cache-control")).toContain("immutable");
  expect(answer.headers.get("content-encoding")).toBe("br");
});
