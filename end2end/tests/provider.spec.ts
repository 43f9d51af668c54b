// Signing in through another place: the certified oidc-provider, started here.
import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// @ts-expect-error it brings no types
import Provider from "oidc-provider";
import { test as base, expect, freePort, Hub, signIn } from "../hub";
import type { Page } from "@playwright/test";

type Groups = Record<string, string[]>;
type Place = { hub: Hub; groups: Groups; verified: { value: boolean } };

/** A provider where everybody signs in with any password, and a Millrace that knows it. */
const test = base.extend<{ place: Place }>({
  place: async ({ page }, use) => {
    const port = await freePort();
    const issuer = `http://127.0.0.1:${port}`;
    const hubPort = await freePort();
    const groups: Groups = { olga: ["ops"], eve: [], ada: ["ops", "bosses"] };
    const verified = { value: true };
    const provider = new Provider(issuer, {
      clients: [{ client_id: "millrace", client_secret: "a secret: with/signs", redirect_uris: [`http://127.0.0.1:${hubPort}/auth/provider/return`] }],
      claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
      scopes: ["openid", "email", "groups"],
      pkce: { required: () => true },
      cookies: { keys: ["not a secret"] },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: verified.value, groups: groups[id] ?? [] }),
      }),
    });
    const server: Server = createServer(provider.callback());
    await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
    const folder = mkdtempSync(join(tmpdir(), "millrace-oidc-"));
    writeFileSync(join(folder, "secret"), "a secret: with/signs\n");
    const hub = await Hub.start("serve", {
      MILLRACE_PUBLIC_URL: `http://127.0.0.1:${hubPort}`,
      MILLRACE_OIDC_ISSUER: issuer,
      MILLRACE_OIDC_CLIENT_ID: "millrace",
      MILLRACE_OIDC_CLIENT_SECRET_FILE: join(folder, "secret"),
      MILLRACE_OIDC_NAME: "Example",
      MILLRACE_OIDC_SCOPES: "openid email groups",
      MILLRACE_OIDC_ROLES: "bosses=admin,ops=operator",
    }, hubPort);
    await hub.claim();
    await use({ hub, groups, verified });
    await page.goto("about:blank");
    await hub.stop();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true, force: true });
  },
});

// The provider's own pages are in development dress: their console is theirs.
test.use({ allowed: [/./] });

/** Signs in at the provider's own pages. */
async function through(page: Page, hub: Hub, who: string, next = ""): Promise<void> {
  await page.goto(`${hub.url}/login${next}`);
  await page.getByRole("link", { name: "Sign in with Example" }).click();
  await page.locator("[name=login]").fill(who);
  await page.locator("[name=password]").fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

test("who comes from the provider gets the role that their groups bring, each time", async ({ page, place, context }) => {
  const { hub, groups } = place;
  await through(page, hub, "olga", "?next=/sources");
  await expect(page.getByRole("heading", { name: "Sources" })).toBeVisible();
  await page.getByLabel("Menu of olga@example.org").click();
  await expect(page.locator(".menu-who")).toContainText("operator");
  await context.clearCookies();
  groups["olga"] = ["bosses"];
  await through(page, hub, "olga");
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
  await page.goto(`${hub.url}/people`);
  await expect(page.getByRole("row", { name: /olga@example.org/ })).toContainText("admin");
});

test("who has no role is told so, and stays outside", async ({ page, place }) => {
  await through(page, place.hub, "eve");
  await expect(page.getByText("You have no role here")).toBeVisible();
  await page.goto(`${place.hub.url}/series`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("an address that is known here is believed only where the provider vouches for it", async ({ page, place, context }) => {
  const { hub, verified } = place;
  verified.value = false;
  await through(page, hub, "ada");
  await expect(page.getByText("There is an account with your address already")).toBeVisible();
  await context.clearCookies();
  verified.value = true;
  await through(page, hub, "ada");
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
  await page.goto(`${hub.url}/people`);
  await expect(page.locator("tbody tr")).toHaveCount(1);
});

test("an answer that another browser was sent for is of no use", async ({ page, place, context }) => {
  const { hub } = place;
  await page.goto(`${hub.url}/login`);
  await page.getByRole("link", { name: "Sign in with Example" }).click();
  await page.locator("[name=login]").fill("olga");
  await page.locator("[name=password]").fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await expect(page.getByRole("button", { name: "Continue" })).toBeVisible();
  // Whoever has the address that the provider sends back has not the browser that was sent there.
  await context.clearCookies({ name: "millrace_trip" });
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("That sign-in is over")).toBeVisible();
  await signIn(page, hub);
});
