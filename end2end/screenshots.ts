// Takes pictures of every page in both themes and both sizes: `make screenshots`.
// The README's picture is the Runway in the light theme, on the desk.
import { chromium } from "@playwright/test";
import { mkdirSync } from "node:fs";
import { Hub, signIn } from "./hub.ts";

const out = process.argv[2] ?? "end2end/results/screenshots";
mkdirSync(out, { recursive: true });
const hub = await Hub.start("demo");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const door = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await door.goto(hub.setupLink);
  await door.screenshot({ path: `${out}/setup.png` });
  await hub.claim();
  // Until the forecasts of what matters are there.
  await new Promise((next) => setTimeout(next, Number(process.env.WAIT_MS ?? 30_000)));
  for (const [size, viewport] of Object.entries({ desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } })) {
    for (const theme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, deviceScaleFactor: size === "phone" ? 2 : 1 });
      await context.addCookies([{ name: "theme", value: theme, url: hub.url }]);
      const page = await context.newPage();
      await page.goto(`${hub.url}/login`);
      await page.screenshot({ path: `${out}/login-${size}-${theme}.png` });
      await signIn(page, hub);
      await page.goto(`${hub.url}/series?q=walnut+tray`);
      const series = (await page.getByRole("link", { name: /Walnut tray/ }).first().getAttribute("href")) ?? "/series";
      const pages = { runway: "/", series: "/series", detail: series, explore: "/explore", sources: "/sources", imports: "/imports", settings: "/settings", welcome: "/welcome" };
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(`${hub.url}${path}`);
        await page.waitForTimeout(1500);
        await page.screenshot({ path: `${out}/${name}-${size}-${theme}.png`, fullPage: size === "phone" || name === "detail" });
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await hub.stop();
}
