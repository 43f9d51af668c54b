// Two servers on one PostgreSQL: what comes in at one is on a page of the other.
import { test, expect, ready, signIn, Hub } from "../hub";
import { Postgres, Redis, postgresPrograms, redisProgram } from "../peers";
import type { Page } from "@playwright/test";

const bin = postgresPrograms();
const redisServer = redisProgram();

async function send(hub: Hub, key: string, value: number): Promise<void> {
  const samples = [{ name: "orders", labels: { shop: "eu" }, value }];
  const answer = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body: JSON.stringify({ samples }) });
  expect(answer.status).toBe(200);
}

async function openOrders(page: Page, hub: Hub): Promise<void> {
  await signIn(page, hub);
  await page.goto(`${hub.url}/series?q=orders`);
  await page.getByRole("link", { name: /orders/ }).first().click();
  await ready(page, true);
}

async function two(env: Record<string, string>, work: (a: Hub, b: Hub) => Promise<void>): Promise<void> {
  const started: Hub[] = [];
  try {
    // Their own hosts' numbers would be the same series twice.
    const both = { ...env, MILLRACE_HOST_SECONDS: "0" };
    started.push(await Hub.start("serve", both));
    await started[0].claim();
    started.push(await Hub.start("serve", both));
    await work(started[0], started[1]);
  } finally {
    for (const hub of started) await hub.stop();
  }
}

test("a sample at one server is on a page of the other, over PostgreSQL @hydrated", async ({ page }) => {
  test.skip(!bin, "no PostgreSQL here");
  const postgres = await Postgres.start(bin ?? "");
  try {
    await two({ MILLRACE_DATABASE_URL: postgres.url }, async (a, b) => {
      const key = a.key("shop", "ingest,query");
      await send(a, key, 11);
      await openOrders(page, b);
      const newest = page.locator(".fact-value").first();
      await expect(newest).toContainText("11");
      await send(a, key, 12);
      await expect(newest).toContainText("12");
      // More than a notification can hold, in one request.
      const many = Array.from({ length: 400 }, (_, i) => ({ name: "bulk", labels: { n: String(i) }, value: i }));
      const body = JSON.stringify({ samples: [...many, { name: "orders", labels: { shop: "eu" }, value: 13 }] });
      await fetch(`${a.url}/api/v1/samples`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body });
      await expect(newest).toContainText("13");

      // Metrics that one took in are asked of the other.
      const lines = `boiler,site=a temperature=61.5 ${Math.floor(Date.now() / 1000)}`;
      const written = await fetch(`${a.url}/influx/api/v2/write?precision=s`, { method: "POST", headers: { authorization: `Token ${key}` }, body: lines });
      expect(written.status).toBe(204);
      const ask = async () => {
        const answer = await fetch(`${b.url}/prometheus/api/v1/query?query=boiler_temperature`, { headers: { authorization: `Bearer ${key}` } });
        return (await answer.json()).data?.result?.[0]?.value?.[1];
      };
      await expect.poll(ask).toBe("61.5");
      await page.goto("about:blank");
    });
  } finally {
    await postgres.stop();
  }
});

test("over Redis, and again after Redis was away @hydrated", async ({ page }) => {
  test.skip(!bin || !redisServer, "no PostgreSQL or no Redis here");
  const postgres = await Postgres.start(bin ?? "");
  const redis = await Redis.start(redisServer ?? "");
  try {
    await two({ MILLRACE_DATABASE_URL: postgres.url, MILLRACE_REDIS_URL: redis.url }, async (a, b) => {
      const key = a.key("shop", "ingest");
      await send(a, key, 21);
      await openOrders(page, b);
      const newest = page.locator(".fact-value").first();
      await expect(newest).toContainText("21");
      await send(a, key, 22);
      await expect(newest).toContainText("22");
      const back = redis.crash(2_000);
      await send(a, key, 23);
      await back;
      // The page was not told of it; once Redis is back it fetches what it missed.
      await expect(newest).toContainText("23");
      await send(a, key, 24);
      await expect(newest).toContainText("24");
      expect(b.output.match(/what happens at other servers is not seen here/g)).toHaveLength(1);
      await page.goto("about:blank");
    });
  } finally {
    await redis.stop();
    await postgres.stop();
  }
});

test("who guesses at one server waits at the other @hydrated", async () => {
  test.skip(!bin, "no PostgreSQL here");
  const postgres = await Postgres.start(bin ?? "");
  try {
    await two({ MILLRACE_DATABASE_URL: postgres.url }, async (a, b) => {
      const guess = async (hub: Hub): Promise<string | null> => {
        const body = new URLSearchParams({ email: "ada@example.org", password: "wrong, and long enough" });
        const answer = await fetch(`${hub.url}/auth/sign-in`, { method: "POST", body, redirect: "manual", headers: { origin: hub.url } });
        return new URL(answer.headers.get("location") ?? "/", hub.url).searchParams.get("error");
      };
      // Five failures are free, wherever they were.
      for (const hub of [a, b, a, b, a]) {
        expect(await guess(hub)).not.toBe("busy");
        await new Promise((next) => setTimeout(next, 300));
      }
      // Either would let five of its own pass, and each has had two or three: only who heard of the other's refuses now.
      const further = [];
      for (const hub of [b, a, b, a]) {
        further.push(await guess(hub));
        await new Promise((next) => setTimeout(next, 300));
      }
      expect(further).toContain("busy");
    });
  } finally {
    await postgres.stop();
  }
});
