// What people prove themselves with besides a password: an authenticator's codes, a device's passkeys.
import { createHmac } from "node:crypto";
import type { Page } from "@playwright/test";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const STEP_MS = 30_000;

/**
 * The code that an authenticator with this secret shows, or that of the half minute before. That one is good until the
 * present half minute ends, and where little is left of it, the next one is waited for.
 */
export async function code(secret: string, before = false): Promise<string> {
  const left = STEP_MS - (Date.now() % STEP_MS);
  if (before && left < STEP_MS / 2) await new Promise((next) => setTimeout(next, left + 100));
  const bits = [...secret.replaceAll(" ", "")].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) - (before ? 1 : 0)));
  const hash = createHmac("sha1", key).update(step).digest();
  const at = hash[19]! & 15;
  return ((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).toString().padStart(6, "0");
}

/** Gives the page's machine a fingerprint reader that always knows its person. */
export async function device(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  await client.send("WebAuthn.enable");
  await client.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
}
