// Tables on their way in, through the browser.
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { asAdministrator, expect, Hub, ready, test } from "../hub";
import type { Page } from "@playwright/test";

const SHARED = resolve(import.meta.dirname, "../../../shared/data");

async function upload(page: Page, hub: Hub, name: string, text: string | Buffer, javaScriptEnabled: boolean) {
  await page.goto(`${hub.url}/imports`);
  await ready(page, javaScriptEnabled);
  await page.locator('input[type="file"]').setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.getByRole("button", { name: "Look at it" }).click();
}

async function run(page: Page, javaScriptEnabled: boolean) {
  await ready(page, javaScriptEnabled);
  await page.getByRole("button", { name: "Import it" }).click();
  await expect(async () => {
    if (!javaScriptEnabled) await page.reload();
    await expect(page.getByText(/rows became/)).toBeVisible({ timeout: 2_000 });
  }).toPass();
}

/** A spreadsheet's export: semicolons, decimal commas, day first, a line that is no date. */
function spreadsheet(days: number): string {
  const rows = ["Tag;Filiale;Umsatz"];
  for (let day = 0; day < days; day++) {
    const date = new Date(Date.UTC(2026, 0, 1 + day));
    const text = [date.getUTCDate(), date.getUTCMonth() + 1].map((n) => String(n).padStart(2, "0")).join(".");
    rows.push(`${text}.2026;Bonn;1.${String(200 + ((day * 37) % 100))},50`);
  }
  rows.push("unbekannt;Bonn;1,00");
  return rows.join("\r\n");
}

test("a spreadsheet's export with decimal commas becomes a chart with a forecast and a line on the Runway", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  await upload(page, empty, "umsatz.csv", spreadsheet(120), javaScriptEnabled);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("umsatz.csv");
  // As wide as the longest of its choices.
  const role = await page.getByLabel("What column Umsatz is for").boundingBox();
  expect(role?.width).toBeGreaterThan(130);
  await run(page, javaScriptEnabled);
  await expect(page.getByText("1 rows could not be read").or(page.getByText(/could not be read/)).first()).toBeVisible();
  await page.getByRole("link", { name: "See its series" }).click();
  await page.getByRole("link", { name: /Umsatz/ }).first().click();
  await expect(page.locator(".fact-value").first()).toContainText(/1.2\d\d/);
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Value", { exact: true }).fill("5000");
  await page.getByRole("button", { name: "Save" }).first().click();
  await expect(page.getByText("Seasonal naive")).toBeVisible();
  await page.goto(`${empty.url}/?clear=1`);
  await expect(page.getByRole("link", { name: /Umsatz/ }).first()).toBeVisible();
});

test("the same file again changes nothing", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  for (let round = 0; round < 2; round++) {
    await upload(page, empty, "umsatz.csv", spreadsheet(60), javaScriptEnabled);
    await run(page, javaScriptEnabled);
  }
  await page.goto(`${empty.url}/series?q=umsatz`);
  await expect(page.getByRole("link", { name: /Umsatz/ })).toHaveCount(1);
});

test("a file that is no table is refused in words and nothing is imported", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
  await upload(page, empty, "photo.csv", png, javaScriptEnabled);
  await expect(page.getByText("That file was not taken")).toBeVisible();
  // Only what the server itself has to say.
  await page.goto(`${empty.url}/imports?problem=Send+your+password&refused=1&made=Send+your+password`);
  await expect(page.getByText("Choose it again to see why")).toBeVisible();
  await expect(page.getByText("Send your password")).toHaveCount(0);
  await upload(page, empty, "words.csv", "only words\nand more words\n", javaScriptEnabled);
  await expect(page.getByText("That file was not taken")).toBeVisible();
  await page.goto(`${empty.url}/sources`);
  await expect(page.getByText("photo")).toHaveCount(0);
});

test("a file that is too large is refused in words, not by a broken connection", async ({ page, javaScriptEnabled }) => {
  const hub = await Hub.start("serve", { MILLRACE_UPLOAD_MIB: "1" });
  try {
    await hub.claim();
    await asAdministrator(page, hub);
    const rows = "2026-01-02,north,123.45\n".repeat(130_000);
    await upload(page, hub, "large.csv", `date,shop,orders\n${rows}`, javaScriptEnabled);
    await expect(page.getByText("The file is larger than 1 MiB. Split it by date")).toBeVisible();
    await expect(page.getByText("Nothing was imported yet")).toBeVisible();
    await page.goto("about:blank");
  } finally {
    await hub.stop();
  }
});

test("daily departures that nobody here made go in and are forecast", async ({ page, empty, javaScriptEnabled }) => {
  const file = resolve(SHARED, "forecast/daily-real.bench");
  test.skip(!existsSync(file), "the shared data is not here");
  const [head, training] = readFileSync(file, "utf8").split("\n")[0].split("|");
  const values = training.trim().split(/\s+/);
  const rows = values.map((value, day) => `${new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10)},${value}`);
  await empty.claim();
  await asAdministrator(page, empty);
  await upload(page, empty, "departures.csv", ["date,departures", ...rows].join("\n"), javaScriptEnabled);
  await run(page, javaScriptEnabled);
  await page.getByRole("link", { name: "See its series" }).click();
  await page.getByRole("link", { name: /departures/ }).first().click();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText("Seasonal naive")).toBeVisible({ timeout: 2_000 });
  }).toPass();
  expect(head.length).toBeGreaterThan(0);
});

test("a cloud bill in FOCUS goes in with its dirt", async ({ page, empty, javaScriptEnabled }) => {
  const file = resolve(SHARED, "costs/focus-1.0-sample.csv");
  test.skip(!existsSync(file), "the shared data is not here");
  await empty.claim();
  await asAdministrator(page, empty);
  await upload(page, empty, "focus.csv", readFileSync(file), javaScriptEnabled);
  await run(page, javaScriptEnabled);
  await page.getByRole("link", { name: "See its series" }).click();
  await expect(page.getByRole("link", { name: /Cost/ }).first()).toBeVisible();
});

/** Minutes of a hundred machines: a million rows, some 35 MB. */
async function aMillionRows(file: string): Promise<void> {
  const out = createWriteStream(file);
  out.write("time,machine,pieces\n");
  const begin = Date.UTC(2026, 0, 1);
  for (let minute = 0; minute < 10_000; minute++) {
    const time = new Date(begin + minute * 60_000).toISOString();
    const rows = Array.from({ length: 100 }, (_, machine) => `${time},press-${machine},${(minute * (machine + 3)) % 41}`);
    if (!out.write(`${rows.join("\n")}\n`)) await new Promise((drained) => out.once("drain", drained));
  }
  await new Promise<void>((closed) => out.end(closed));
}

test("a million rows are cancelled on the way, and then all of them go in @hydrated", async ({ page, empty }) => {
  test.setTimeout(900_000);
  const folder = mkdtempSync(join(tmpdir(), "millrace-import-"));
  const file = join(folder, "pieces.csv");
  try {
    await aMillionRows(file);
    await empty.claim();
    await asAdministrator(page, empty);
    const begin = async () => {
      await page.goto(`${empty.url}/imports`);
      await ready(page, true);
      await page.locator('input[type="file"]').setInputFiles(file);
      await page.getByRole("button", { name: "Look at it" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toContainText("pieces.csv", { timeout: 120_000 });
      await ready(page, true);
      await page.getByRole("button", { name: "Import it" }).click();
      await expect(page.getByRole("progressbar")).toBeVisible();
    };
    await begin();
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(page.getByText("Nothing was imported.")).toBeVisible({ timeout: 120_000 });
    await page.goto(`${empty.url}/series?q=pieces`);
    await expect(page.getByText("Nothing fits")).toBeVisible();
    await begin();
    await expect(page.getByText(/1\D000\D000 rows became 1\D000\D000 samples in 100 series/)).toBeVisible({ timeout: 400_000 });
    await page.getByRole("link", { name: "See its series" }).click();
    await expect(page.getByRole("link", { name: /press-/ }).first()).toBeVisible();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
