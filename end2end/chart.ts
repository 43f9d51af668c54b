// What a pointer finds on a chart.
import { expect } from "@playwright/test";
import type { Page } from "@playwright/test";

/** The pointer, moved over the first chart from its right end, comes to a mark of that name. */
export async function findsMark(page: Page, name: string): Promise<void> {
  const canvas = page.locator(".chart canvas").first();
  await expect(canvas).toBeVisible();
  const box = (await canvas.boundingBox())!;
  const tip = page.locator(".chart-tip-mark", { hasText: name });
  // One that moves while the chart is drawn anew may miss it, and comes again.
  await expect(async () => {
    for (let x = box.width - 4; x > 60 && !(await tip.isVisible()); x -= 4) await page.mouse.move(box.x + x, box.y + box.height / 2);
    await expect(tip).toBeVisible({ timeout: 1_000 });
  }).toPass();
}
