// A target is added in the browser: the real node-exporter, its series, and what is said when it is gone.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { asAdministrator, expect, freePort, ready, test, type Hub } from "../hub";
import { TOOLS, stop } from "../peers";
import type { Page } from "@playwright/test";

const EXPORTER = join(TOOLS, "bin", "prometheus-node-exporter");

/** Opens the form and fills it in. */
async function fill(page: Page, hub: Hub, name: string, url: string, javaScriptEnabled: boolean): Promise<void> {
  await page.goto(`${hub.url}/sources`);
  await ready(page, javaScriptEnabled);
  await page.getByRole("link", { name: "Add a target" }).first().click();
  await expect(page.getByRole("heading", { name: "Scrape a target" })).toBeVisible();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Address").fill(url);
  await page.getByLabel("Every").fill("1");
}

/** The target's row, read anew where no script does that. */
async function row(page: Page, hub: Hub, words: string | RegExp): Promise<void> {
  await expect(async () => {
    await page.goto(`${hub.url}/sources`);
    await expect(page.getByRole("table", { name: "Scraped targets" }).getByRole("row").filter({ hasText: words })).toBeVisible({ timeout: 1_000 });
  }).toPass();
}

test("node-exporter is added, drawn, missed when it stops, and removed", async ({ page, empty, javaScriptEnabled }) => {
  test.skip(!existsSync(EXPORTER), "node-exporter is not here");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const exporter = spawn(EXPORTER, [`--web.listen-address=127.0.0.1:${port}`], { stdio: "ignore" });
  let stopped = false;
  try {
    await expect.poll(async () => (await fetch(url).catch(() => null))?.ok ?? false).toBe(true);
    await empty.claim();
    await asAdministrator(page, empty);
    await page.goto(`${empty.url}/sources`);
    await expect(page.getByText("No targets yet")).toBeVisible();
    await ready(page, javaScriptEnabled);
    await fill(page, empty, "node", url, javaScriptEnabled);
    await page.getByRole("button", { name: "Test now" }).click();
    await expect(page.getByText("The target answers")).toBeVisible();
    await expect(page.getByText(/It showed [\d\u202f]{3,} series/)).toBeVisible();
    // What was typed is still there.
    await expect(page.getByLabel("Name")).toHaveValue("node");
    await page.getByRole("button", { name: "Add target" }).click();
    await page.waitForURL(/\/sources$/);
    await row(page, empty, /node.*up/s);

    const draw = async (expression: string) => {
      await page.goto(`${empty.url}/explore?q=${encodeURIComponent(expression)}&range=15m`);
      await ready(page, javaScriptEnabled);
    };
    await expect(async () => {
      await draw('node_cpu_seconds_total{mode="idle",job="node"}');
      await expect(page.getByText(`instance="127.0.0.1:${port}"`).first()).toBeVisible({ timeout: 2_000 });
    }).toPass();

    await stop(exporter);
    stopped = true;
    await row(page, empty, /down.*Nothing listens at 127\.0\.0\.1/s);
    await draw('up{job="node"}');
    await expect(page.getByRole("table", { name: /newest values/ }).getByRole("row").filter({ hasText: "up{" }).locator("td.num")).toHaveText("0");

    await page.goto(`${empty.url}/sources`);
    await ready(page, javaScriptEnabled);
    await page.getByRole("button", { name: "Pause" }).click();
    await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
    await row(page, empty, "paused");
    await ready(page, javaScriptEnabled);
    const source = page.getByRole("table", { name: "Sources" }).getByRole("row").filter({ hasText: "scraped" });
    await source.locator("summary").click();
    await source.getByLabel(/Type “node”/).fill("node");
    await source.getByRole("button", { name: "Remove" }).click();
    await expect(page.getByText("No targets yet")).toBeVisible();
  } finally {
    if (!stopped) await stop(exporter);
  }
});

test.describe("a target that wants a token", () => {
  // Chromium says so when a form is answered with a refusal.
  test.use({ allowed: [/422/] });
  test("gets it, and nobody sees it again", async ({ page, empty, javaScriptEnabled }) => {
    const server = createServer((request, response) => {
      const known = request.headers.authorization === "Bearer s3cret-s3cret";
      response.writeHead(known ? 200 : 401, { "content-type": "text/plain; version=0.0.4" }).end(known ? "shelf 1\n" : "who?");
    });
    const port = await freePort();
    await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
    try {
      await empty.claim();
      await asAdministrator(page, empty);
      await fill(page, empty, "shelf", `http://127.0.0.1:${port}/m`, javaScriptEnabled);
      await page.getByRole("button", { name: "Test now" }).click();
      await expect(page.getByText("It answers 401: it wants a token, or another one.")).toBeVisible();
      await page.getByLabel("Bearer token").fill("s3cret-s3cret");
      await page.getByRole("button", { name: "Add target" }).click();
      await page.waitForURL(/\/sources$/);
      await row(page, empty, /shelf.*up/s);
      await page.getByRole("link", { name: "shelf" }).last().click();
      await ready(page, javaScriptEnabled);
      await expect(page.getByText("There is one. It is never shown")).toBeVisible();
      await expect(page.getByLabel("Bearer token")).toHaveValue("");
      expect(await page.content()).not.toContain("s3cret");
      // With the token that is kept.
      await page.getByRole("button", { name: "Test now" }).click();
      await expect(page.getByText("It showed 1 series")).toBeVisible();
      // It is not sent to another place.
      await page.getByLabel("Address").fill(`http://127.0.0.2:${port}/m`);
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText("This is another host or port").first()).toBeVisible();
      expect(empty.output).not.toContain("s3cret");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
