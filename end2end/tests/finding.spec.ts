// What is unusual: a series with a pattern and a spike is told as a finding, and people say what it was.
import { findsMark } from "../chart";
import { asAdministrator, expect, ready, test, type Hub } from "../hub";
import type { Page } from "@playwright/test";

/** Five hours of minutes: a wave of an hour, a little unrest, and a spike twenty minutes ago. */
async function push(hub: Hub, minutes: number): Promise<void> {
  const now = Math.floor(Date.now() / 60_000) * 60;
  const samples = [...Array(minutes).keys()].map((ago) => {
    const wave = 50 + 10 * Math.sin((ago * 2 * Math.PI) / 60) + ((ago * 7919) % 101) / 101;
    return { name: "queue", labels: { shop: "eu" }, value: ago === 20 ? 150 : wave, at: now - ago * 60 };
  });
  const headers = { authorization: `Bearer ${hub.key("shop", "ingest")}` };
  const answer = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers, body: JSON.stringify({ samples }) });
  expect(answer.status).toBe(200);
}

/** Opens the series once the background job has looked at it. */
async function open(page: Page, hub: Hub, words: RegExp): Promise<void> {
  await page.goto(`${hub.url}/series?q=queue`);
  await page.getByRole("link", { name: /queue/ }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("queue");
  await expect(async () => {
    await page.reload();
    await expect(page.getByText(words).first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
}

test("a spike is a finding, and what is said of it changes the sensitivity", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await push(empty, 300);
  await asAdministrator(page, empty);
  await open(page, empty, /where \S+ is usual/);
  await ready(page, javaScriptEnabled);
  const finding = page.locator(".finding", { hasText: "Why:" }).first();
  await expect(finding).toContainText(/150, where 5\d/);
  await expect(finding).toContainText(/far from the usual level|a jump from the point before/);
  await expect(finding.getByRole("link").nth(1)).toHaveAttribute("href", /from=\d+&to=\d+/);
  await expect(page.locator(".ribbon-much")).toHaveAttribute("d", /M\d/);
  const sensitivity = page.locator(".sensitivity");
  await expect(sensitivity).toContainText("from a score of 0.80: the default.");
  await expect(sensitivity.locator("output")).toContainText(/[1-9]\d* findings? in the last/);

  await finding.getByRole("button", { name: "Not an anomaly" }).click();
  await expect(sensitivity).toContainText("moved by 1 that people called no anomaly");
  await expect(sensitivity).not.toContainText("from a score of 0.80: the default.");
  await expect(finding).toContainText("not an anomaly");
  await ready(page, javaScriptEnabled);
  await finding.getByRole("button", { name: "Take back" }).click();
  await expect(sensitivity).toContainText("from a score of 0.80: the default.");

  await page.goto(`${empty.url}/`);
  const unusual = page.locator(".card", { hasText: "Unusual now" });
  await expect(unusual.getByRole("link", { name: /queue/ })).toBeVisible();
  await unusual.getByRole("link", { name: "All findings" }).click();
  await expect(page.getByRole("table", { name: "Findings" })).toContainText("queue");
});

test("a slider says what another threshold would have found @hydrated", async ({ page, empty }) => {
  await empty.claim();
  await push(empty, 300);
  await asAdministrator(page, empty);
  await open(page, empty, /where \S+ is usual/);
  await ready(page, true);
  const said = page.locator(".sensitivity output");
  await page.locator("#threshold").fill("0.98");
  await expect(said).toContainText("From a score of 0.98: no finding");
  await page.getByRole("button", { name: "Save sensitivity" }).click();
  await expect(page.locator(".sensitivity")).toContainText("from a score of 0.98: set by hand.");
  await expect(page.getByText("Nothing unusual")).toBeVisible();
  await page.getByRole("button", { name: "Back to the default" }).click();
  await expect(page.locator(".finding", { hasText: "Why:" })).toHaveCount(1);
});

test("a short history is said to be too short, and not that nothing is unusual", async ({ page, empty }) => {
  await empty.claim();
  await push(empty, 60);
  await asAdministrator(page, empty);
  await open(page, empty, /not enough history yet \(\d+ of 101 points\)/);
  await expect(page.getByText("Nothing can be said yet")).toBeVisible();
});

test("where a level rose and stayed stands under the chart and on it", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  const now = Math.floor(Date.now() / 60_000) * 60;
  const samples = [...Array(400).keys()].map((ago) => {
    const value = 50 + 10 * Math.sin((ago * 2 * Math.PI) / 60) + ((ago * 7919) % 101) / 50 + (ago < 150 ? 18 : 0);
    return { name: "queue", value, at: now - ago * 60 };
  });
  const headers = { authorization: `Bearer ${empty.key("shop", "ingest")}` };
  const answer = await fetch(`${empty.url}/api/v1/samples`, { method: "POST", headers, body: JSON.stringify({ samples }) });
  expect(answer.status).toBe(200);
  await asAdministrator(page, empty);
  await open(page, empty, /Level rose/);
  const line = page.locator(".happened li", { hasText: "Level rose" });
  await expect(line).toHaveCount(1);
  await expect(line).toContainText(/from 5[01]\S* to (68|69|70)\S* on average/);
  await expect(line).toContainText("and stayed");
  if (!javaScriptEnabled) return;
  await ready(page, true);
  await findsMark(page, "Level rose");
});

test("forty alerts of one machine are one incident with a timeline", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  const began = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const alerts = [...Array(40).keys()].map((number) => ({
    status: "firing", labels: { alertname: `Probe${number}`, instance: "db-1:9100", severity: "critical" },
    annotations: { summary: "It does not answer" }, startsAt: began(60 - number / 4), endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "", fingerprint: `probe-${number}`,
  }));
  const message = {
    version: "4", groupKey: "x", truncatedAlerts: 0, status: "firing", receiver: "x", groupLabels: {}, commonLabels: {},
    commonAnnotations: {}, externalURL: "", alerts,
  };
  const headers = { authorization: `Bearer ${empty.key("alerts", "ingest")}`, "content-type": "application/json" };
  const sent = await fetch(`${empty.url}/api/v1/alertmanager`, { method: "POST", headers, body: JSON.stringify(message) });
  expect(sent.ok).toBe(true);
  await page.goto(`${empty.url}/findings`);
  await ready(page, javaScriptEnabled);
  const incident = page.locator(".incident");
  await expect(incident).toHaveCount(1);
  await expect(incident.locator("summary")).toContainText("db-1");
  await expect(incident.locator("summary")).toContainText("40 alerts");
  await expect(incident.locator("summary")).toContainText("lasts");
  await incident.locator("summary").click();
  await expect(incident.getByRole("listitem")).toHaveCount(40);
  await expect(incident.getByRole("listitem").first()).toContainText("Probe0");
  await expect(incident.getByRole("listitem").first()).toContainText("It does not answer");
});
