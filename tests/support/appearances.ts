// How pages are looked at: in each appearance, and by axe.

import axe from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";

export const looks: readonly { readonly look: string; readonly options: BrowserContextOptions }[] = [
  { look: "light", options: {} },
  { look: "dark", options: { colorScheme: "dark" } },
  { look: "phone", options: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } },
];

/** What axe finds wrong with a page. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}
