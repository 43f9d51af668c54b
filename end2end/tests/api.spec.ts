// The API for programs: what schemathesis makes of its description, its page, and the examples of docs/api.md.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { HAVE_SCHEMATHESIS, schemathesis } from "../schemathesis";
import { Hub, test, expect } from "../hub";

// For each role; `make fuzz-api` asks for 10,000.
const CASES = Number(process.env.MILLRACE_FUZZ_CASES ?? 0);
const SEED = Number(process.env.MILLRACE_FUZZ_SEED ?? 1);
// For each operation. With few, most cases come from the phase that goes through the description by itself.
const EXAMPLES = CASES > 0 ? Math.ceil(CASES / 100) : 4;

// What crates/api/src/permission.rs gives each role.
const VIEWER = ["monitoring:read", "genai:use"];
const OPERATOR = [...VIEWER, "monitoring:write", "remediation:read", "remediation:execute", "notifications:send"];
const ROLES = {
  administrator: [...OPERATOR, "data:ingest", "access:read", "access:write", "audit:read", "audit:write"],
  operator: OPERATOR,
  viewer: VIEWER,
};

for (const [role, scopes] of Object.entries(ROLES)) {
  test(`schemathesis finds no fault as ${role} @hydrated`, async () => {
    test.skip(!HAVE_SCHEMATHESIS, "schemathesis is not here");
    test.setTimeout(CASES > 0 ? 3_600_000 : 600_000);
    // Without the limit on requests: 429 would be an answer to everything.
    const hub = await Hub.start("serve", { MILLRACE_REQUESTS_PER_MINUTE: "0" });
    try {
      const found = await schemathesis(hub, hub.key(role, scopes.join()), EXAMPLES, SEED);
      console.log(`${role}: ${found.cases} cases`);
      expect(found.code, found.output).toBe(0);
      expect(found.cases).toBeGreaterThanOrEqual(Math.max(CASES, 1_000));
      expect(hub.output, "the log of the server").not.toContain("panicked");
    } finally {
      await hub.stop();
    }
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
  await expect(page.locator("#schemas")).toBeInViewport();
});

test("the examples of docs/api.md work as they stand there @hydrated", async ({ empty }) => {
  const key = empty.key("examples", "monitoring:read,monitoring:write,data:ingest");
  const text = readFileSync(resolve(import.meta.dirname, "../../docs/api.md"), "utf8");
  const programs: Record<string, [string, string[]]> = {
    sh: ["bash", ["-c"]],
    python: ["python3", ["-c"]],
    ts: ["node", ["--input-type=module", "-e"]],
  };
  const blocks = [...text.matchAll(/```(\w+)\n((?:#|\/\/) example\n[^]*?)```/g)];
  expect(blocks.map((block) => block[1])).toEqual(["sh", "python", "ts"]);
  for (const [, language, code] of blocks) {
    const [program, args] = programs[language];
    execFileSync(program, [...args, code], { env: { ...process.env, MILLRACE: empty.url, KEY: key }, stdio: "pipe" });
  }
});
