// Alertmanager sends its alerts; they stand on the sources page until they are over.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asAdministrator, expect, freePort, ready, test, type Hub } from "../hub";
import { TOOLS } from "../peers";
import type { Page } from "@playwright/test";

const ALERTMANAGER = join(TOOLS, "bin", "prometheus-alertmanager");
// Debian's Alertmanager reads a template from /usr/share, where nothing is installed: it is shown the tools' folder there.
const ELSEWHERE = ["--user", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', join(TOOLS, "share")];
const runs = existsSync(ALERTMANAGER) && spawnSync("unshare", [...ELSEWHERE, ALERTMANAGER, "--version"]).status === 0;

async function row(page: Page, hub: Hub, words: RegExp): Promise<void> {
  await expect(async () => {
    await page.goto(`${hub.url}/sources`);
    await expect(page.getByRole("table", { name: "Events" }).getByRole("row").filter({ hasText: words })).toBeVisible({ timeout: 1_000 });
  }).toPass();
}

test("the real Alertmanager sends an alert, and later that it is over", async ({ page, empty, javaScriptEnabled }) => {
  test.skip(!runs, "Alertmanager is not here, or may not be shown another folder");
  await empty.claim();
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/sources`);
  await ready(page, javaScriptEnabled);
  await expect(page.getByText("No events yet")).toBeVisible();
  const folder = mkdtempSync(join(tmpdir(), "millrace-alertmanager-"));
  const port = await freePort();
  writeFileSync(
    join(folder, "alertmanager.yml"),
    `route: { receiver: millrace, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1m }
receivers:
  - name: millrace
    webhook_configs:
      - { url: "${empty.url}/api/v1/alertmanager", http_config: { authorization: { credentials: "${empty.key("alerts", "ingest")}" } } }
`,
  );
  const alertmanager = spawn(
    "unshare",
    [...ELSEWHERE, ALERTMANAGER, `--config.file=${folder}/alertmanager.yml`, `--storage.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address="],
    { stdio: "ignore" },
  );
  const ended = new Promise((done) => alertmanager.once("exit", done));
  try {
    const api = `http://127.0.0.1:${port}/api/v2`;
    await expect.poll(async () => (await fetch(`${api}/status`).catch(() => null))?.ok ?? false, { timeout: 60_000 }).toBe(true);
    const startsAt = new Date(Date.now() - 60_000).toISOString();
    const alert = { labels: { alertname: "DiskFull", severity: "page", instance: "db-1" }, annotations: { summary: "The disk of db-1 is nearly full." }, startsAt, generatorURL: "http://127.0.0.1/graph" };
    const post = (more: object) => fetch(`${api}/alerts`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify([{ ...alert, ...more }]) });
    expect((await post({})).status).toBe(200);
    await row(page, empty, /DiskFull.*nearly full.*firing.*alerts/s);
    expect((await post({ endsAt: new Date().toISOString() })).status).toBe(200);
    await row(page, empty, /DiskFull.*over/s);
    await expect(page.getByRole("table", { name: "Events" }).getByRole("row")).toHaveCount(2);
  } finally {
    alertmanager.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what is no message of Alertmanager is refused in words @hydrated", async ({ empty }) => {
  await empty.claim();
  const key = empty.key("alerts", "ingest");
  const post = (body: string, authorization = `Bearer ${key}`) => fetch(`${empty.url}/api/v1/alertmanager`, { method: "POST", body, headers: { authorization } });
  // From Alertmanager's documentation, with one alert.
  const message = { version: "4", groupKey: "{}:{}", truncatedAlerts: 0, status: "firing", receiver: "r", groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: "http://am", alerts: [{ status: "firing", labels: { alertname: "A" }, annotations: {}, startsAt: "2026-11-21T07:00:00Z", endsAt: "0001-01-01T00:00:00Z", generatorURL: "javascript:alert(1)", fingerprint: "2bf1" }] };
  for (const twice of [1, 2]) {
    const answer = await post(JSON.stringify(message));
    expect([twice, answer.status, await answer.json()]).toEqual([twice, 200, { alerts: 1 }]);
  }
  const cut = await post(JSON.stringify(message).slice(0, 100));
  expect(cut.status).toBe(400);
  expect((await cut.json()).detail).toContain("not a message of Alertmanager");
  const old = await post(JSON.stringify({ ...message, version: "3" }));
  expect((await old.json()).detail).toContain("version `3`");
  expect((await post("{}", "Bearer mr_nobody")).status).toBe(401);
});
