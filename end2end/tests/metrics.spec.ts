// The real senders, unmodified, and what they sent on a page: Prometheus, node-exporter, OpenTelemetry, InfluxDB.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { asAdministrator, expect, freePort, ready, test, type Hub } from "../hub";
import { TOOLS, stop } from "../peers";

const SENDERS = join(TOOLS, "senders");

async function ask(hub: Hub, key: string, query: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
  const answer = await fetch(`${hub.url}/prometheus/api/v1/query?query=${encodeURIComponent(query)}`, { headers: { authorization: `Bearer ${key}` } });
  const body = await answer.json();
  expect(body.status, JSON.stringify(body)).toBe("success");
  return body.data.result;
}

/** What Grafana's Prometheus data source asks when it is saved, explored and drawn, of both: the same answers. */
async function asGrafana(theirs: string, ours: { url: string; authorization: string }): Promise<void> {
  const end = Math.floor(Date.now() / 1000) - 2;
  const within = { start: `${end - 10}`, end: `${end}` };
  const cpu = 'node_cpu_seconds_total{mode=~"idle|user"}';
  const requests: [string, string, Record<string, string>][] = [
    ["POST", "query", { query: "1+1", time: `${end}` }],
    ["GET", "labels", within],
    ["POST", "labels", { ...within, "match[]": cpu }],
    ["GET", "label/__name__/values", within],
    ["GET", "label/mode/values", { ...within, "match[]": cpu }],
    ["GET", "series", { ...within, "match[]": cpu }],
    ["POST", "series", { ...within, "match[]": 'up{job="node"}' }],
    ["POST", "query_range", { query: `sum by (mode) (${cpu})`, start: `${end - 5}`, end: `${end}`, step: "1" }],
    ["GET", "query_range", { query: `rate(${cpu}[5s])`, start: `${end - 5}.5`, end: `${end}.5`, step: "1s" }],
    ["POST", "query", { query: "up{", time: `${end}` }],
  ];
  const ask = async (base: string, [method, path, form]: (typeof requests)[number], headers: Record<string, string>) => {
    const query = new URLSearchParams(form);
    const answer = method === "GET" ? await fetch(`${base}/api/v1/${path}?${query}`, { headers }) : await fetch(`${base}/api/v1/${path}`, { method, headers, body: query });
    const body = await answer.json();
    const inOrder = (one: unknown) => JSON.stringify(one);
    if (Array.isArray(body.data)) body.data.sort((a: unknown, b: unknown) => (inOrder(a) < inOrder(b) ? -1 : 1));
    body.data?.result?.sort?.((a: unknown, b: unknown) => (inOrder(a) < inOrder(b) ? -1 : 1));
    // The words of a parser are its own.
    return { status: answer.status, ...body, error: body.error && "said" };
  };
  for (const request of requests) {
    await expect(async () => {
      const [wanted, found] = [await ask(theirs, request, {}), await ask(ours.url, request, { authorization: ours.authorization })];
      expect(found, JSON.stringify(request)).toEqual(wanted);
    }).toPass({ timeout: 20_000 });
  }
  for (const path of ["status/buildinfo", "metadata?metric=up"]) {
    const answer = await fetch(`${ours.url}/api/v1/${path}`, { headers: { authorization: ours.authorization } });
    expect((await answer.json()).status, path).toBe("success");
  }
}

function send(what: string, hub: Hub, key: string): void {
  const env = { ...process.env, PYTHONPATH: SENDERS };
  execFileSync("python3", [resolve(import.meta.dirname, "../senders.py"), what, hub.url, key], { env, stdio: "pipe" });
}

test("Prometheus writes what it scrapes, a browser draws it, and nothing is lost on a kill", async ({ page, empty, javaScriptEnabled }) => {
  const programs = ["prometheus", "prometheus-node-exporter"].map((name) => join(TOOLS, "bin", name));
  test.skip(!programs.every(existsSync), "Prometheus or node-exporter is not here");
  await empty.claim();
  const key = empty.key("sender", "ingest,query");
  const folder = mkdtempSync(join(tmpdir(), "millrace-prometheus-"));
  const [own, exporter] = [await freePort(), await freePort()];
  writeFileSync(
    join(folder, "prometheus.yml"),
    `global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: node, static_configs: [{ targets: ["127.0.0.1:${exporter}"] }] }
remote_write:
  - { url: "${empty.url}/prometheus/api/v1/write", authorization: { credentials: "${key}" }, queue_config: { batch_send_deadline: 1s } }
`,
  );
  const node = spawn(programs[1], [`--web.listen-address=127.0.0.1:${exporter}`], { stdio: "ignore" });
  const prometheus = spawn(programs[0], [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${own}`], { stdio: "ignore" });
  try {
    await expect.poll(async () => (await ask(empty, key, "count_over_time(up[1m])"))[0]?.value[1] ?? "0", { timeout: 60_000 }).toMatch(/^([3-9]|\d\d)/);
    // The same question to the one who scraped, at an instant that both have.
    const at = Math.floor(Date.now() / 1000);
    const expression = "sort_desc(sum by (mode) (node_cpu_seconds_total))";
    const address = (base: string) => `${base}/api/v1/query?query=${encodeURIComponent(expression)}&time=${at}`;
    await expect(async () => {
      const theirs = await (await fetch(address(`http://127.0.0.1:${own}`))).json();
      const ours = await (await fetch(address(`${empty.url}/prometheus`), { headers: { authorization: `Bearer ${key}` } })).json();
      expect(ours.data.result.length).toBeGreaterThan(3);
      expect(ours).toEqual(theirs);
    }).toPass();
    await asGrafana(`http://127.0.0.1:${own}`, { url: `${empty.url}/prometheus`, authorization: `Bearer ${key}` });
  } finally {
    await stop(prometheus);
    await stop(node);
    rmSync(folder, { recursive: true, force: true });
  }
  const before = (await ask(empty, key, "sum(count_over_time(node_cpu_seconds_total[10m]))"))[0].value[1];
  await empty.crash();
  expect((await ask(empty, key, "sum(count_over_time(node_cpu_seconds_total[10m]))"))[0].value[1]).toBe(before);

  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/explore`);
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Expression in PromQL").fill("sum by (mode) (rate(node_cpu_seconds_total[1m]))");
  await page.getByRole("button", { name: "Draw" }).click();
  await expect(page.getByText('{mode="idle"}').first()).toBeVisible();
  if (javaScriptEnabled) await expect(page.locator(".chart-drawn")).toBeVisible();
  await page.goto(`${empty.url}/sources`);
  await expect(page.getByText("sender").first()).toBeVisible();
});

test("a key with a rate is told to wait in each protocol's words @hydrated", async ({ page, empty }) => {
  await empty.claim();
  const key = empty.run("key", "add", "hasty", "--scope", "ingest,query", "--rate", "1").match(/mr_\w+/)?.[0] ?? "";
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${empty.url}${path}`, { method: "POST", body, headers: { authorization: `Bearer ${key}`, ...headers } });
  const lines = Array.from({ length: 100 }, (_, i) => `burst,n=${i} value=1`).join("\n");
  expect((await post("/influx/api/v2/write", lines)).status).toBe(204);
  const influx = await post("/influx/api/v2/write", "burst value=1");
  expect(influx.status).toBe(429);
  expect(Number(influx.headers.get("retry-after"))).toBeGreaterThan(60);
  expect((await influx.json()).code).toBe("too many requests");
  const otlp = await post("/otlp/v1/metrics", "{}", { "content-type": "application/json" });
  expect([otlp.status, (await otlp.json()).code]).toEqual([429, 8]);
  const prometheus = await post("/prometheus/api/v1/write", "", { "content-type": "application/x-protobuf", "content-encoding": "snappy" });
  expect([prometheus.status, await prometheus.text()]).toEqual([429, expect.stringContaining("rate limit: the key may send 1 samples a second")]);
  const json = await post("/api/v1/samples", '[{"name":"n","value":1}]');
  expect([json.status, Number(json.headers.get("retry-after")) > 0]).toEqual([429, true]);
  // Asking is not sending.
  expect(await ask(empty, key, "count(burst_value)")).toHaveLength(1);
  await asAdministrator(page, empty);
  await expect(async () => {
    await page.goto(`${empty.url}/sources`);
    await expect(page.getByText("rate limit: the key may send 1 samples a second")).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.goto(`${empty.url}/settings`);
  await expect(page.getByText("monitoring:read, data:ingest, at most 1 samples/s")).toBeVisible();
});

test("OpenTelemetry's SDK sends differences and they are added up @hydrated", async ({ empty }) => {
  test.skip(!existsSync(SENDERS), "the Python senders are not here");
  await empty.claim();
  const key = empty.key("sender", "ingest,query");
  send("otlp", empty, key);
  const orders = await ask(empty, key, "orders_total");
  expect(orders).toHaveLength(1);
  expect(orders[0].metric).toEqual({ __name__: "orders_total", country: "de", instance: "one", job: "shop" });
  expect(orders[0].value[1]).toBe("7");
  expect((await ask(empty, key, "latency_seconds_count"))[0].value[1]).toBe("2");
  expect((await ask(empty, key, "histogram_quantile(0.5, latency_seconds_bucket)"))).toHaveLength(1);
});

test("InfluxDB's client writes line protocol @hydrated", async ({ empty }) => {
  test.skip(!existsSync(SENDERS), "the Python senders are not here");
  await empty.claim();
  const key = empty.key("sender", "ingest,query");
  send("influx", empty, key);
  const found = await ask(empty, key, "sort(weather_temperature)");
  expect(found.map((one) => [one.metric.station, one.value[1]])).toEqual([["Köln", "-1.25"], ["Bonn Süd, Dach", "21.5"]]);
});

test("what cannot be taken is said in the sender's words, and what is half right is half taken @hydrated", async ({ empty }) => {
  await empty.claim();
  const key = empty.key("sender", "ingest,query");
  const post = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`${empty.url}${path}`, { method: "POST", body, headers: { authorization: `Bearer ${key}`, ...headers } });
  // A sender of a format that is not known falls back on 415.
  expect((await post("/prometheus/api/v1/write", "x", { "content-type": "application/x-protobuf;proto=io.example.Other" })).status).toBe(415);
  expect((await post("/prometheus/api/v1/write", "no snappy", { "content-type": "application/x-protobuf", "content-encoding": "snappy" })).status).toBe(400);
  const line = await post("/influx/api/v2/write?precision=s", "good value=1\nbad line without a field\n");
  expect(line.status).toBe(400);
  expect((await line.json()).message).toContain("line 2");
  expect((await ask(empty, key, "good_value"))[0].value[1]).toBe("1");
  const future = await post("/influx/api/v2/write?precision=s", "good value=2 32503680000\n");
  expect(future.status).toBe(400);
  expect((await post("/otlp/v1/metrics", "{", { "content-type": "application/json" })).status).toBe(400);
  const nobody = await fetch(`${empty.url}/otlp/v1/metrics`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
  expect(nobody.status).toBe(401);
  const wrong = await fetch(`${empty.url}/prometheus/api/v1/query?query=foo(`, { headers: { authorization: `Bearer ${key}` } });
  expect(wrong.status).toBe(400);
  expect((await wrong.json()).errorType).toBe("bad_data");
});

test.describe("what is kept", () => {
  // A rejected form answers with its own status, which the browser logs.
  test.use({ allowed: [/status of 422/] });

  test("a source says what came twice, and how long it is kept is settable", async ({ page, empty, javaScriptEnabled }) => {
    await empty.claim();
    const key = empty.key("sender", "ingest,query");
    const now = Math.floor(Date.now() / 1000);
    const body = `damp,room=a value=1 ${now - 60}\ndamp,room=b value=1 ${now - 60}\ndamp,room=a value=2 ${now - 60}\n`;
    const sent = await fetch(`${empty.url}/influx/api/v2/write?precision=s`, { method: "POST", body, headers: { authorization: `Bearer ${key}` } });
    expect(sent.status).toBe(204);
    await asAdministrator(page, empty);
    await expect(async () => {
      await page.goto(`${empty.url}/sources`);
      const row = page.getByRole("row", { name: /sender/ });
      await expect(row.locator('[data-label="Series"]')).toHaveText("2", { timeout: 500 });
      await expect(row.locator('[data-label="Samples in"]')).toContainText("1 twice", { timeout: 500 });
    }).toPass();
    const days = page.getByLabel("Samples, days, of sender");
    const keep = async (text: string) => {
      await page.goto(`${empty.url}/settings`);
      await ready(page, javaScriptEnabled);
      await days.fill(text);
      // Going on to another page before the answer would call the request off.
      const answered = page.waitForResponse((answer) => answer.request().method() === "POST");
      await page.getByRole("button", { name: "Keep" }).click();
      await answered;
    };
    await keep("1.5");
    await expect(page.getByText("Days are a whole number")).toBeVisible();
    await keep("7");
    await expect(page.getByText("Days are a whole number")).toBeHidden();
    await page.goto(`${empty.url}/settings`);
    await expect(days).toHaveValue("7");
  });
});

test("the explorer moves as samples come in @hydrated", async ({ page, empty }) => {
  await empty.claim();
  const key = empty.key("boiler", "ingest");
  const send = async (value: number) => {
    const body = `boiler,site=a temperature=${value} ${Math.floor(Date.now() / 1000)}`;
    const answer = await fetch(`${empty.url}/influx/api/v2/write?precision=s`, { method: "POST", headers: { authorization: `Token ${key}` }, body });
    expect(answer.status).toBe(204);
  };
  await send(61.5);
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/explore?q=boiler_temperature`);
  await ready(page, true);
  const series = page.getByRole("table", { name: /Series and their newest/ });
  await expect(series).toContainText("61.5");
  await expect(page.locator("canvas")).toHaveCount(1);
  await page.waitForTimeout(1_100);
  await send(62.5);
  await expect(series).toContainText("62.5");
  // The chart that is there moves; it is not made anew.
  await expect(page.locator("canvas")).toHaveCount(1);
  // Another series in the answer is another line.
  await page.waitForTimeout(1_100);
  const other = await fetch(`${empty.url}/influx/api/v2/write?precision=s`, { method: "POST", headers: { authorization: `Token ${key}` }, body: `boiler,site=b temperature=70.25 ${Math.floor(Date.now() / 1000)}` });
  expect(other.status).toBe(204);
  await expect(series).toContainText("70.25");
});

test("an expression is completed with the keyboard and the mouse @hydrated", async ({ page, empty }) => {
  await empty.claim();
  const key = empty.key("boiler", "ingest");
  const lines = ["boiler,site=cellar temperature=61.5", "boiler,site=attic temperature=40.5", "boiler,site=attic pressure=2"];
  await fetch(`${empty.url}/influx/api/v2/write`, { method: "POST", headers: { authorization: `Token ${key}` }, body: lines.join("\n") });
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/explore`);
  await ready(page, true);
  const field = page.getByRole("combobox", { name: "Expression in PromQL" });
  const offers = page.getByRole("listbox", { name: "What could come next" });
  await field.pressSequentially("av");
  await expect(offers.getByRole("option").first()).toContainText("avg(");
  await field.press("ArrowDown");
  await field.press("Enter");
  await expect(field).toHaveValue("avg(");
  await field.pressSequentially("temp");
  await offers.getByRole("option", { name: /boiler_temperature/ }).click();
  await expect(field).toHaveValue("avg(boiler_temperature");
  // At once: what is offered after a part of it, come late, would take the choice back.
  await page.keyboard.insertText("{si");
  await expect(offers.getByRole("option", { name: /site/ })).toBeVisible();
  await field.press("ArrowDown");
  await field.press("Enter");
  await field.pressSequentially('="');
  await expect(offers.getByRole("option")).toHaveText([/attic/, /cellar/]);
  await field.press("Escape");
  await expect(offers).toBeHidden();
  await field.pressSequentially('attic"})');
  await expect(offers).toBeHidden();
  await field.press("Enter");
  await expect(page).toHaveURL(/q=avg/);
  await expect(page.getByRole("table", { name: /Series and their newest/ })).toContainText("40.5");
});
