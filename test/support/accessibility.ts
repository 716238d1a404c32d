import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { until } from './wait.ts';

/** Wheels that turn while something is loaded turn for ever. */
const isAtRest = `document.getAnimations().every(({ playState, effect }) =>
  playState !== 'running' || effect.getComputedTiming().iterations === Infinity)`;

/** Waits for the end of what moves or fades. */
export async function atRest(page: Page): Promise<void> {
  await until('a page at rest', async () => (await page.evaluate(isAtRest)) as boolean);
}

/** The rules of axe that colours decide. */
const byColour = ['color-contrast', 'link-in-text-block'];

/** What keeps people from using the page as it is now: axe's findings but for minor ones, one a line. */
export async function obstacles(page: Page, rules: 'all' | 'colours' = 'all'): Promise<string[]> {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe.source);
  // What is still fading in has the contrast of a shadow.
  await atRest(page);
  const runOnly = rules === 'colours' ? `, runOnly: ${JSON.stringify(byColour)}` : '';
  const results = (await page.evaluate(`axe.run({ resultTypes: ['violations']${runOnly} })`)) as AxeResults;
  return (
    results.violations
      .filter(({ impact }) => impact !== 'minor')
      // Menus stand at the end of the page, outside of its parts, and belong to their buttons.
      .filter(({ id, nodes }) => id !== 'region' || nodes.some(({ html }) => !html.includes('role="menu"')))
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => {
          const told = (failureSummary ?? '').split('\n').slice(1).join('; ').replace(/\s+/g, ' ').trim();
          return `${id}: ${target.join(' ')}: ${told}`;
        }),
      )
  );
}
