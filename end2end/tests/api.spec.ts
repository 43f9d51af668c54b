// The API for programs: what schemathesis makes of its description, its page, and the examples of docs/api.md.
import { HAVE_SCHEMATHESIS, schemathesis } from "../schemathesis";
import { test, expect } from "../hub";

// For each role; `make fuzz-api` asks for 10,000.
const CASES = Number(process.env.MILLRACE_FUZZ_CASES ?? 0);
const SEED = Number(process.env.MILLRACE_FUZZ_SEED ?? 1);
// Found by counting: the phases before it make some dozens for each operation themselves.
const EXAMPLES = CASES > 0 ? Math.ceil(CASES / 40) : 4;

const ROLES = {
  administrator: "data:ingest,monitoring:read,monitoring:write,access:read,access:write",
  viewer: "monitoring:read",
};

for (const [role, scopes] of Object.entries(ROLES)) {
  test(`schemathesis finds no fault as ${role} @hydrated`, async ({ empty }) => {
    test.skip(!HAVE_SCHEMATHESIS, "schemathesis is not here");
    test.setTimeout(CASES > 0 ? 3_600_000 : 120_000);
    const key = empty.key(role, scopes);
    const found = await schemathesis(empty, key, EXAMPLES, SEED);
    console.log(`${role}: ${found.cases} cases`);
    expect(found.code, found.output).toBe(0);
    expect(found.cases).toBeGreaterThanOrEqual(Math.max(CASES, 200));
    expect(empty.output, "the log of the server").not.toContain("panicked");
  });
}

test("the page of the API lists every operation and breaks no rule of the content policy", async ({ page, empty }) => {
  await page.goto(`${empty.url}/api/docs`);
  await expect(page.getByRole("heading", { name: "API", exact: true })).toBeVisible();
  const document = await (await fetch(`${empty.url}/api/v1/openapi.json`)).json();
  const operations = Object.values(document.paths as Record<string, object>).flatMap((path) => Object.keys(path));
  await expect(page.locator("details.api-operation")).toHaveCount(operations.length);
  await page.locator("#series_points > summary").click();
  await expect(page.locator("#series_points").getByText("Needs monitoring:read.")).toBeVisible();
  await page.getByRole("link", { name: "Schemas" }).click();
  await expect(page.locator("#problem")).toBeInViewport();
});
