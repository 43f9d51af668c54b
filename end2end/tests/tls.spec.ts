// Over https that Millrace serves itself: people sign in, pages are live, and every cookie is of this host only.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hub, test, expect, ready, signIn } from "../hub";

test.use({ ignoreHTTPSErrors: true });

let hub: Hub;
let folder: string;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-tls-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert];
  execFileSync("openssl", [...made, ...named], { stdio: "pipe" });
  // The certificate is its own authority, which this process cannot be told of any more.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  hub = await Hub.start("serve", { MILLRACE_TLS_CERT: cert, MILLRACE_TLS_KEY: key });
  await hub.claim();
});

test.afterAll(async () => {
  await hub?.stop();
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  rmSync(folder, { recursive: true, force: true });
});

test("who signs in and chooses a theme has cookies of this host only", async ({ page, javaScriptEnabled }) => {
  await signIn(page, hub);
  await page.goto(`${hub.url}/settings`);
  await ready(page, javaScriptEnabled);
  const dark = page.locator("main").getByRole("link", { name: "Dark" });
  await dark.click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const cookies = await page.context().cookies();
  const names = cookies.map((cookie) => cookie.name);
  expect(names).toContain("__Host-millrace_session");
  expect(names).toContain("__Host-millrace_theme");
  for (const { name, secure, path } of cookies) expect({ name, secure, path }).toEqual({ name: expect.stringMatching(/^__Host-millrace_/), secure: true, path: "/" });
  await page.goto("about:blank");
});

test("who comes over http is sent on", async ({ page }) => {
  await page.goto(`${hub.url.replace("https:", "http:")}/login`);
  expect(page.url()).toBe(`${hub.url}/login`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});
