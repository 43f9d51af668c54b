// Signing in through another place: the certified oidc-provider, started here.
import { test as base, expect, freePort, Hub, signIn } from "../hub";
import { atProvider, startProvider, through, type RunningProvider } from "../provider";

type Place = Pick<RunningProvider, "groups" | "verified"> & { hub: Hub };

/** A provider, and a Millrace that knows it. */
const test = base.extend<{ place: Place }>({
  place: async ({ page }, use) => {
    const port = await freePort();
    const provider = await startProvider(`http://127.0.0.1:${port}`);
    const hub = await Hub.start("serve", provider.env, port);
    await hub.claim();
    await use({ hub, ...provider });
    await page.goto("about:blank");
    await hub.stop();
    await provider.stop();
  },
});

// The provider's own pages are in development dress: their console is theirs.
test.use({ allowed: [/./] });

test("who comes from the provider gets the role that their groups bring, each time", async ({ page, place, context }) => {
  const { hub, groups } = place;
  await through(page, `${hub.url}/login?next=/sources`, "olga");
  await expect(page.getByRole("heading", { name: "Sources" })).toBeVisible();
  await page.getByLabel("Menu of olga@example.org").click();
  await expect(page.locator(".menu-who")).toContainText("operator");
  await context.clearCookies();
  groups["olga"] = ["bosses"];
  await through(page, `${hub.url}/login`, "olga");
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
  await page.goto(`${hub.url}/people`);
  await expect(page.getByRole("row", { name: /olga@example.org/ })).toContainText("admin");
});

test("who has no role is told so, and stays outside", async ({ page, place }) => {
  await through(page, `${place.hub.url}/login`, "eve");
  await expect(page.getByText("You have no role here")).toBeVisible();
  await page.goto(`${place.hub.url}/series`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("an address that is known here is believed only where the provider vouches for it", async ({ page, place, context }) => {
  const { hub, verified } = place;
  verified.value = false;
  await through(page, `${hub.url}/login`, "ada");
  await expect(page.getByText("There is an account with your address already")).toBeVisible();
  await context.clearCookies();
  verified.value = true;
  await through(page, `${hub.url}/login`, "ada");
  await expect(page.getByRole("heading", { name: "Runway" })).toBeVisible();
  await page.goto(`${hub.url}/people`);
  await expect(page.locator("tbody tr")).toHaveCount(1);
});

test("an answer that another browser was sent for is of no use", async ({ page, place, context }) => {
  const { hub } = place;
  await atProvider(page, `${hub.url}/login`, "olga");
  await expect(page.getByRole("button", { name: "Continue" })).toBeVisible();
  // Whoever has the address that the provider sends back has not the browser that was sent there.
  await context.clearCookies({ name: "millrace_trip" });
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("That sign-in is over")).toBeVisible();
  await signIn(page, hub);
});
