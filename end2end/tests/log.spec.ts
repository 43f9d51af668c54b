// One id from what a browser shows to the line of the log, and the sender's own trace beside it.
import { test, expect, asAdministrator } from "../hub";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test.use({ allowed: [/status of 500/] });

test("what failed is found in the log by what the page says", async ({ page, empty }) => {
  await empty.claim();
  await asAdministrator(page, empty);
  // As after a disk's fault or somebody's hand.
  empty.sql("ALTER TABLE calendar_entry RENAME TO calendar_entry_gone");
  await page.setExtraHTTPHeaders({ traceparent: `00-${TRACE}-${SPAN}-01` });
  await page.goto(`${empty.url}/calendar`);
  const words = await page.getByText(/Quote [0-9a-f-]{36}/).textContent();
  const id = words?.match(/[0-9a-f-]{36}/)?.[0] ?? "none";
  await expect(() => {
    const line = empty.output.split("\n").find((text) => text.includes(id)) ?? "";
    expect(line).toContain("the store failed");
    expect(line).toContain(`trace="${TRACE}"`);
    expect(line).toContain(`caller_span="${SPAN}"`);
  }).toPass();
});
