// The audit log as an auditor sees it: what was done, refused and exported, and what happens when somebody tampers.
import { asAdministrator, expect, ready, signIn, test } from "../hub";
import { readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

test("what was done is found, narrowed down, opened and exported", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await page.goto(`${empty.url}/login`);
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The address or the password is wrong")).toBeVisible();
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/settings`);
  await ready(page, javaScriptEnabled);
  await page.getByLabel("Name", { exact: true }).fill("Prometheus");
  await page.getByRole("button", { name: "Make key" }).click();
  await expect(page.getByText("shown this once")).toBeVisible();
  const secret = (await page.locator("#secret").textContent()) ?? "";

  await page.goto(`${empty.url}/audit`);
  await ready(page, javaScriptEnabled);
  const entries = page.getByRole("list", { name: "Entries, the newest first" });
  const made = entries.getByRole("listitem").filter({ hasText: "key.add" });
  await expect(made).toContainText("ada@example.org");
  await expect(made).toContainText("key Prometheus");
  await made.locator("summary").click();
  await expect(made.getByRole("row", { name: /scopes — \["data:ingest"\]/ })).toBeVisible();
  await expect(made.locator("dl")).toContainText("127.0.0.1");
  expect(await page.content()).not.toContain(secret);

  await page.getByLabel("Outcome").selectOption("refused");
  await page.getByRole("button", { name: "Find" }).click();
  await page.waitForURL(/outcome=refused/);
  await expect(entries.getByRole("listitem")).toHaveCount(1);
  await expect(entries).toContainText("person.sign_in");

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export JSONL" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ action: "person.sign_in", outcome: "refused", address: "127.0.0.1" });

  await page.getByRole("link", { name: "Show all" }).click();
  await expect(entries).toContainText("audit.export");
  await page.getByLabel("Words").fill("no such words");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByText("Nothing fits")).toBeVisible();
});

test("who may not see it is refused, and finds that in no log of their own", async ({ page, empty, browser, javaScriptEnabled }) => {
  await empty.claim();
  const password = await empty.person("eve@example.org", "viewer");
  const context = await browser.newContext({ javaScriptEnabled });
  const eve = await context.newPage();
  await signIn(eve, empty, "eve@example.org", password);
  const answer = await eve.goto(`${empty.url}/audit`);
  expect(answer?.status()).toBe(403);
  await expect(eve.getByText("it needs audit:read")).toBeVisible();
  await context.close();

  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/audit?actor=eve&action=access`);
  const entries = page.getByRole("list", { name: "Entries, the newest first" });
  await expect(entries).toContainText("access.refuse");
  await entries.locator("summary").first().click();
  await expect(entries.locator("dl").first()).toContainText("permission audit:read");
});

test("how long entries are kept is set, and that is an entry", async ({ page, empty, javaScriptEnabled }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  await page.goto(`${empty.url}/audit`);
  await ready(page, javaScriptEnabled);
  await expect(page.getByLabel("Days")).toHaveValue("90");
  await page.getByLabel("Days").fill("365");
  await page.getByRole("button", { name: "Keep" }).click();
  const entries = page.getByRole("list", { name: "Entries, the newest first" });
  await expect(entries).toContainText("audit.keep");
  await expect(page.getByLabel("Days")).toHaveValue("365");
});

test("a row that is edited or taken away in the database is named by the command @hydrated", async ({ empty }) => {
  await empty.claim();
  for (const name of ["one", "two", "three"]) empty.key(name, "ingest");
  const anchors = await empty.anchors();
  expect(statSync(join(empty.data, "master.key")).mode & 0o777).toBe(0o600);
  const whole = empty.verify();
  expect(whole.words).toContain("The chain is whole.");
  expect(whole.code).toBe(0);
  // What would prove the end of it is away: that is no proof.
  renameSync(anchors, `${anchors}.away`);
  expect(empty.verify()).toEqual({ code: 1, words: expect.stringContaining("this proves nothing") });
  renameSync(`${anchors}.away`, anchors);

  const of = (name: string) => empty.sql(`select seq from audit_entry where action = 'key.add' and object_name = '${name}'`);
  const [one, two] = [of("one"), of("two")];
  empty.sql(`update audit_entry set actor_name = 'somebody else' where seq = ${one}`);
  const edited = empty.verify();
  expect(edited.words).toContain(`entry ${one} was changed`);
  expect(edited.code).toBe(1);
  empty.sql(`delete from audit_entry where seq = ${two}`);
  expect(empty.verify().words).toContain(`entry ${two} is missing`);
  // The end cut off from an entry on that an anchor knows, and the head set back to fit.
  const anchored = Number(JSON.parse(readFileSync(anchors, "utf8").split("\n")[0] ?? "{}").entry);
  empty.sql(`delete from audit_entry where seq >= ${anchored}`);
  empty.sql(`update audit_head set seq = ${anchored - 1}, hash = coalesce((select hash from audit_entry where seq = ${anchored - 1}), '${"0".repeat(64)}')`);
  expect(empty.verify().words).toMatch(new RegExp(`(entry|to) ${anchored} (is|are) missing`));
});
