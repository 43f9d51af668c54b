// Takes pictures of every page in both themes and both sizes: `make screenshots`.
// The README's picture is the Runway in the light theme, on the desk.
import { chromium } from "@playwright/test";
import { mkdirSync } from "node:fs";
import { Hub, signIn } from "./hub.ts";
import { launchOptions } from "./browser.ts";

const out = process.argv[2] ?? "end2end/results/screenshots";
mkdirSync(out, { recursive: true });
const hub = await Hub.start("demo");
const browser = await chromium.launch(launchOptions);
// An hour of two rooms, one of them with something late and something that is no number.
async function sendMetrics(): Promise<void> {
  const key = hub.key("climate", "ingest");
  const now = Math.floor(Date.now() / 1000);
  const lines = [];
  for (let at = now - 3600; at <= now; at += 15) {
    for (const [room, middle] of [["store", 46], ["finishing", 55]] as const) {
      lines.push(`climate,room=${room} humidity=${(middle + 4 * Math.sin(at / 600 + middle)).toFixed(2)} ${at}`);
    }
  }
  lines.push(`climate,room=store humidity=46 ${now - 600}`, "climate,room=store humidity=damp");
  const answer = await fetch(`${hub.url}/influx/api/v2/write?precision=s`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body: lines.join("\n") });
  if (!answer.ok && answer.status !== 400) throw new Error(`metrics: ${answer.status} ${await answer.text()}`);
}

// Its own numbers, so that there is a board.
async function scrapeItself(): Promise<void> {
  const key = hub.key("itself", "monitoring:write");
  const body = JSON.stringify({ name: "millrace", url: `${hub.url}/metrics`, interval_seconds: 2 });
  const answer = await fetch(`${hub.url}/api/v1/scrape-targets`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body });
  if (!answer.ok) throw new Error(`target: ${answer.status} ${await answer.text()}`);
}

try {
  const door = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await door.goto(hub.setupLink);
  await door.screenshot({ path: `${out}/setup.png` });
  await hub.claim();
  await sendMetrics();
  await scrapeItself();
  // Until the forecasts of what matters are there.
  await new Promise((next) => setTimeout(next, Number(process.env.WAIT_MS ?? 30_000)));
  for (const [size, viewport] of Object.entries({ desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } })) {
    for (const theme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, deviceScaleFactor: size === "phone" ? 2 : 1 });
      await context.addCookies([{ name: "millrace_theme", value: theme, url: hub.url }]);
      const page = await context.newPage();
      await page.goto(`${hub.url}/login`);
      await page.screenshot({ path: `${out}/login-${size}-${theme}.png` });
      await signIn(page, hub);
      await page.goto(`${hub.url}/series?q=walnut+tray`);
      const series = (await page.getByRole("link", { name: /Walnut tray/ }).first().getAttribute("href")) ?? "/series";
      const pages = { runway: "/", series: "/series", detail: series, explore: "/explore?range=3h&q=" + encodeURIComponent("sum by (room) (climate_humidity)"), sources: "/sources", audit: "/audit", imports: "/imports", models: "/models", findings: "/findings", machines: "/machines", boards: "/boards", board: `/boards/millrace?range=15m&instance=${new URL(hub.url).host}`, calendar: "/calendar", promotion: "/calendar/entry", reorders: "/reorders", reorder: series.replace("/series/", "/reorders/"), similar: series.replace("/series/", "/similar/"), cash: "/cash", watch: "/explore/watch", target: "/sources/scrape", jobs: "/jobs", settings: "/settings", account: "/account", people: "/people", roles: "/people/roles", welcome: "/welcome" };
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(`${hub.url}${path}`);
        await page.waitForTimeout(1500);
        await page.screenshot({ path: `${out}/${name}-${size}-${theme}.png`, fullPage: size === "phone" || ["board", "detail", "settings"].includes(name) });
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await hub.stop();
}
