// The certified oidc-provider, where everybody signs in with any password, and the way through its pages.
import { createServer } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// @ts-expect-error it brings no types
import Provider from "oidc-provider";
import { freePort } from "./hub";
import type { Page } from "@playwright/test";

export const PROVIDER_SECRET = "a secret: with/signs";

export type RunningProvider = {
  /** The groups of each person, by what stands before the @ of their address. */
  groups: Record<string, string[]>;
  /** Whether it vouches for addresses. */
  verified: { value: boolean };
  /** What a Millrace is told of it. */
  env: Record<string, string>;
  stop: () => Promise<void>;
};

/** Starts one that knows the Millrace at this address. */
export async function startProvider(hubUrl: string): Promise<RunningProvider> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const groups: Record<string, string[]> = { olga: ["ops"], eve: [], ada: ["ops", "bosses"] };
  const verified = { value: true };
  const provider = new Provider(issuer, {
    clients: [{ client_id: "millrace", client_secret: PROVIDER_SECRET, redirect_uris: [`${hubUrl}/auth/provider/return`] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    scopes: ["openid", "email", "groups"],
    pkce: { required: () => true },
    cookies: { keys: ["not a secret"] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: verified.value, groups: groups[id] ?? [] }),
    }),
  });
  const server = createServer(provider.callback());
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  const folder = mkdtempSync(join(tmpdir(), "millrace-oidc-"));
  writeFileSync(join(folder, "secret"), `${PROVIDER_SECRET}\n`);
  const env = {
    MILLRACE_PUBLIC_URL: hubUrl,
    MILLRACE_OIDC_ISSUER: issuer,
    MILLRACE_OIDC_CLIENT_ID: "millrace",
    MILLRACE_OIDC_CLIENT_SECRET_FILE: join(folder, "secret"),
    MILLRACE_OIDC_NAME: "Example",
    MILLRACE_OIDC_SCOPES: "openid email groups",
    MILLRACE_OIDC_ROLES: "bosses=admin,ops=operator",
  };
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true, force: true });
  };
  return { groups, verified, env, stop };
}

/** Signs in at the provider's own pages, up to the question whether Millrace may know who it is. */
export async function atProvider(page: Page, login: string, who: string): Promise<void> {
  await page.goto(login);
  await page.getByRole("link", { name: "Sign in with Example" }).click();
  await page.locator("[name=login]").fill(who);
  await page.locator("[name=password]").fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

/** Signs in through the provider. */
export async function through(page: Page, login: string, who: string): Promise<void> {
  await atProvider(page, login, who);
  await page.getByRole("button", { name: "Continue" }).click();
}
