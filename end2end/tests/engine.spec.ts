// Metrics in a Prometheus that a company has already: in by Millrace, out by Millrace, and what is seen when it is away.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asAdministrator, expect, freePort, Hub, ready, test } from "../hub";
import { TOOLS, stop } from "../peers";

const program = join(TOOLS, "bin/prometheus");

function start(folder: string, port: number): ChildProcess {
  const flags = ["--web.enable-remote-write-receiver", `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`];
  return spawn(program, flags, { stdio: "ignore" });
}

function send(hub: Hub, key: string, value: number): Promise<Response> {
  const lines = `boiler,site=a temperature=${value} ${Math.floor(Date.now() / 1000)}`;
  return fetch(`${hub.url}/influx/api/v2/write?precision=s`, { method: "POST", headers: { authorization: `Token ${key}` }, body: lines });
}

test("metrics lie in a Prometheus, and an outage of it is shown", async ({ page, javaScriptEnabled }) => {
  test.skip(!existsSync(program), "Prometheus is not here");
  const folder = mkdtempSync(join(tmpdir(), "millrace-engine-"));
  writeFileSync(join(folder, "prometheus.yml"), "global: {}\n");
  const port = await freePort();
  let prometheus = start(folder, port);
  const there = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).status;
  let hub: Hub | undefined;
  try {
    await expect.poll(() => there().catch(() => 0), { timeout: 60_000 }).toBe(200);
    hub = await Hub.start("serve", { MILLRACE_METRICS_URL: `http://127.0.0.1:${port}`, MILLRACE_HOST_SECONDS: "0" });
    await hub.claim();
    const key = hub.key("sender", "ingest,query");
    expect((await send(hub, key, 61.5)).status).toBe(204);
    // Its own interface has it, and so has a page here.
    const own = await (await fetch(`http://127.0.0.1:${port}/api/v1/query?query=boiler_temperature`)).json();
    expect(own.data.result[0].value[1]).toBe("61.5");
    await asAdministrator(page, hub);
    await page.goto(`${hub.url}/explore?q=boiler_temperature`);
    await ready(page, javaScriptEnabled);
    await expect(page.getByRole("main")).toContainText("61.5");
    await page.goto(`${hub.url}/settings`);
    const card = page.getByRole("main");
    await expect(card).toContainText(`Prometheus at 127.0.0.1:${port} keeps the metrics`);
    await expect(card.getByText("closed", { exact: true })).toHaveCount(2);

    await stop(prometheus);
    for (let i = 0; i < 6; i++) {
      const refused = await send(hub, key, 70 + i);
      expect(refused.status).toBe(503);
      expect(refused.headers.get("retry-after")).not.toBeNull();
    }
    await page.goto(`${hub.url}/settings`);
    await expect(card).toContainText("It did not answer five times in a row. It is asked again in");
    await expect(card.getByText("open", { exact: true })).toHaveCount(1);
    // Questions were not asked meanwhile: when it is back, they are answered at once.
    prometheus = start(folder, port);
    await expect.poll(() => there().catch(() => 0), { timeout: 60_000 }).toBe(200);
    await page.goto(`${hub.url}/explore?q=boiler_temperature`);
    await expect(page.getByRole("main")).toContainText("61.5");
    // A page that is still open would complain that its server went away.
    await page.goto("about:blank");
  } finally {
    await hub?.stop();
    await stop(prometheus);
    rmSync(folder, { recursive: true, force: true });
  }
});
