// Boards over the real exporters of a machine, PostgreSQL and Redis, and over our own numbers.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { asAdministrator, expect, freePort, ready, test, type Hub } from "../hub";
import { Postgres, Redis, TOOLS, postgresPrograms, redisProgram, stop } from "../peers";

const exporter = (of: string) => join(TOOLS, "bin", `prometheus-${of}-exporter`);
const bin = postgresPrograms();
const redisServer = redisProgram();

/** Adds a target by the API, as a program would. */
async function scrape(hub: Hub, key: string, name: string, url: string): Promise<void> {
  const body = JSON.stringify({ name, url, interval_seconds: 1 });
  const answer = await fetch(`${hub.url}/api/v1/scrape-targets`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body });
  expect(answer.status, await answer.text()).toBe(201);
}

test("a board shows what an exporter sends, and leads to the same in Explore", async ({ page, empty, javaScriptEnabled }) => {
  test.skip(!["node", "redis", "postgres"].every((of) => existsSync(exporter(of))) || !bin || !redisServer, "an exporter or its server is not here");
  const postgres = await Postgres.start(bin ?? "");
  const redis = await Redis.start(redisServer ?? "");
  const [node, pg, rd] = [await freePort(), await freePort(), await freePort()];
  const address = new URL(postgres.url);
  const running: ChildProcess[] = [
    spawn(exporter("node"), [`--web.listen-address=127.0.0.1:${node}`], { stdio: "ignore" }),
    spawn(exporter("postgres"), [`--web.listen-address=127.0.0.1:${pg}`], { stdio: "ignore", env: { ...process.env, DATA_SOURCE_NAME: `${address.href}?sslmode=disable` } }),
    spawn(exporter("redis"), [`-web.listen-address=127.0.0.1:${rd}`, `-redis.addr=${redis.url}`], { stdio: "ignore" }),
  ];
  try {
    await empty.claim();
    await asAdministrator(page, empty);
    await page.goto(`${empty.url}/boards`);
    await expect(page.getByText("No boards yet")).toBeVisible();

    const key = empty.key("targets", "monitoring:read,monitoring:write");
    for (const [name, port] of [["node", node], ["postgres", pg], ["redis", rd]] as const) await scrape(empty, key, name, `http://127.0.0.1:${port}/metrics`);
    await scrape(empty, key, "millrace", `${empty.url}/metrics`);
    const boards = page.getByRole("table", { name: "Boards" });
    await expect(async () => {
      await page.goto(`${empty.url}/boards`);
      await expect(boards.getByRole("row")).toHaveCount(5, { timeout: 1_000 });
    }).toPass();
    await ready(page, javaScriptEnabled);

    // What each shows once there are enough samples for a rate, with the lines that must be among them.
    // The last list: what there may be nothing of, on a virtual machine and where nobody uses the server.
    const shown: [string, number, Record<string, RegExp>, string[]][] = [
      ["PostgreSQL", pg, { "Connections by state": /active/, Size: /postgres/, "Transactions a second": /postgres, committed/ }, ["Followers behind", "Behind its leader"]],
      ["Redis", rd, { Memory: /used/, Clients: /connected/, "Commands a second": /\d/ }, ["Found keys"]],
      ["Millrace", Number(new URL(empty.url).port), { "Requests a second by status": /200/, "How long answers take": /99/, Memory: /MB|MiB/, Database: /\d/ }, ["Requests that failed", "Samples pushed a second", "Share of answers that caches had"]],
      ["Machine", node, { "CPU by what it does": /user/, "Memory used": /%/, Load: /15 min/, "File systems used": /\// }, ["Temperatures"]],
    ];
    for (const [title, port, panels, silent] of shown) {
      await expect(async () => {
        await page.goto(`${empty.url}/boards`);
        await boards.getByRole("row").filter({ hasText: title }).getByRole("link", { name: `127.0.0.1:${port}` }).click();
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
        for (const [panel, line] of Object.entries(panels)) {
          const card = page.locator(".board .card").filter({ has: page.getByRole("heading", { name: panel, exact: true }) });
          await expect(card.locator(".legend")).toContainText(line, { timeout: 1_000 });
          await expect(card.getByRole("img").first()).toBeVisible({ timeout: 1_000 });
        }
        // A panel whose expression is wrong is empty, too.
        const nothing = page.getByText(/^Nothing came of: /);
        const without = (await nothing.count()) > 0 ? (await nothing.innerText()).replace("Nothing came of: ", "").split(", ") : [];
        expect(without.filter((one) => !silent.includes(one)), title).toEqual([]);
        await expect(page.locator(".board .chart-none")).toHaveCount(0);
      }).toPass({ timeout: 60_000 });
    }
    await ready(page, javaScriptEnabled);
    await page.getByRole("link", { name: "15 min", exact: true }).click();
    await expect(page).toHaveURL(/range=15m/);
    await page.locator(".board").getByRole("link", { name: "Load" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Explore");
    await expect(page.getByRole("table", { name: /newest values/ }).getByRole("row")).toHaveCount(4);
  } finally {
    for (const one of running) await stop(one);
    await redis.stop();
    await postgres.stop();
  }
});

test.describe("a board that is not there", () => {
  // The page's own status.
  test.use({ allowed: [/404/] });
  test("says so and leads to those that are", async ({ page, hub }) => {
    await asAdministrator(page, hub);
    await page.goto(`${hub.url}/boards/node?instance=nowhere:1`);
    await expect(page.getByText("There is no such board")).toBeVisible();
    await page.getByRole("link", { name: "All boards" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Boards");
  });
});

test("the real promtool finds no fault in our own numbers @hydrated", async ({ hub }) => {
  const promtool = join(TOOLS, "bin", "promtool");
  test.skip(!existsSync(promtool), "promtool is not here");
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  expect(text).toContain("millrace_http_request_duration_seconds_bucket");
  // It exits with 3 where a name or a type is not as it should be, and says which.
  execFileSync(promtool, ["check", "metrics"], { input: text });
});
