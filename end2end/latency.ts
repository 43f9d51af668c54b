// How long a sample takes from its sender to the pixels of a page, with many browsers connected:
// scripts/ts.sh end2end/latency.ts [connected [samples]]
// Some of the connected are real pages in Chromium, on which it is measured; the others hold the same
// stream of events open and read it, as a browser does.
import { chromium, type Browser, type Page } from "@playwright/test";
import { Hub, ready, signIn } from "./hub.ts";
import { launchOptions } from "./browser.ts";

const CONNECTED = Number(process.argv[2] ?? 100);
const SAMPLES = Number(process.argv[3] ?? 300);
const PAGES = Math.min(4, CONNECTED);
const PAUSE_MS = 100;

/** Now, in milliseconds with fractions; pages on this machine have the same clock. */
const now = (): number => performance.timeOrigin + performance.now();

type Seen = Record<string, number>;
declare global {
  interface Window { seen: Seen }
}

async function open(browser: Browser, hub: Hub): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, hub);
  await page.goto(`${hub.url}/series?q=orders`);
  await page.getByRole("link", { name: /orders/ }).first().click();
  await ready(page, true);
  await page.locator(".fact-value").first().waitFor();
  await page.evaluate(() => {
    window.seen = {};
    const value = document.querySelector(".fact-value");
    if (!value) return;
    new MutationObserver(() => {
      const text = value.textContent ?? "";
      // After the frame that shows it.
      requestAnimationFrame(() => requestAnimationFrame(() => (window.seen[text] ??= performance.timeOrigin + performance.now())));
    }).observe(value, { characterData: true, childList: true, subtree: true });
  });
  return page;
}

/** Holds a stream of events open, and counts the samples on it. */
async function listen(hub: Hub, cookie: string, stop: AbortSignal): Promise<() => number> {
  const answer = await fetch(`${hub.url}/live`, { headers: { cookie }, signal: stop });
  if (!answer.ok || !answer.body) throw new Error(`live: ${answer.status}`);
  let heard = 0;
  const body = answer.body.pipeThrough(new TextDecoderStream());
  void (async () => {
    for await (const text of body) heard += text.split('"samples"').length - 1;
  })().catch(() => {});
  return () => heard;
}

function quantile(sorted: number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0);
}

const hub = await Hub.start("serve", { MILLRACE_HOST_SECONDS: "0" });
const browser = await chromium.launch(launchOptions);
const stop = new AbortController();
try {
  await hub.claim();
  const key = hub.key("shop", "ingest");
  const send = async (value: number): Promise<void> => {
    const body = JSON.stringify({ samples: [{ name: "orders", labels: { shop: "eu" }, value }] });
    const answer = await fetch(`${hub.url}/api/v1/samples`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body });
    if (answer.status !== 200) throw new Error(`samples: ${answer.status}`);
  };
  await send(100_000);
  const pages = [];
  for (let i = 0; i < PAGES; i++) pages.push(await open(browser, hub));
  const cookies = await pages[0].context().cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const heard = [];
  for (let i = PAGES; i < CONNECTED; i++) heard.push(await listen(hub, cookie, stop.signal));
  const sent = new Map<number, number>();
  for (let i = 1; i <= SAMPLES; i++) {
    sent.set(100_000 + i, now());
    await send(100_000 + i);
    await new Promise((next) => setTimeout(next, PAUSE_MS));
  }
  await new Promise((next) => setTimeout(next, 2_000));
  const times: number[] = [];
  let missing = 0;
  for (const page of pages) {
    const seen = await page.evaluate(() => window.seen);
    const byValue = new Map(Object.entries(seen).map(([text, at]) => [Number(text.replace(/\D/g, "")), at]));
    for (const [value, at] of sent) {
      const shown = byValue.get(value);
      if (shown === undefined) missing += 1;
      else times.push(shown - at);
    }
  }
  times.sort((a, b) => a - b);
  const fewest = Math.min(...heard.map((count) => count()));
  console.log(`${CONNECTED} connected, ${PAGES} of them pages in Chromium; ${SAMPLES} samples, ${PAUSE_MS} ms apart`);
  console.log(`sample to pixel: median ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms`);
  console.log(`${missing} of ${SAMPLES * PAGES} were never shown by themselves; every stream had at least ${fewest} of ${SAMPLES}`);
} finally {
  stop.abort();
  await browser.close();
  await hub.stop();
}
