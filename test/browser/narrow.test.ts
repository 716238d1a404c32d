import { expect, it } from 'vitest';
import { atRest } from '../support/accessibility.ts';
import type { Screen } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { LISTS, looks, openServerToLookAt } from './looks.ts';

/** On a telephone: 390 by 800 pixels, no mouse. */
const stand = browserStand(async (kept) => kept.use(await openServerToLookAt()));

/**
 * What of a page that is open one cannot get at: how much wider it is than the window, and controls that are beside it, or
 * under something else, wherever one scrolls to. The picture is left out: what of it is seen is moved within it.
 */
async function outOfReach({ page }: Screen): Promise<string[]> {
  await atRest(page);
  return await page.evaluate(`(() => {
    const wider = document.scrollingElement.scrollWidth - innerWidth;
    const found = wider > 0 ? [\`\${wider} px wider than the window\`] : [];
    const before = [scrollX, scrollY];
    const whole = [...document.querySelectorAll('[role=dialog], [role=menu]')].at(-1) ?? document.body;
    const controls = whole.querySelectorAll('button, a[href], input, select, textarea, [role=button], [role=tab], [role=menuitem]');
    for (const control of controls) {
      if (control.closest('.topology-picture, .skip') || control.closest('nav')?.getBoundingClientRect().right <= 0) continue;
      const { width, height } = control.getBoundingClientRect();
      const { visibility, opacity } = getComputedStyle(control);
      if (width < 4 || height < 4 || visibility === 'hidden' || opacity === '0') continue;
      control.scrollIntoView({ block: 'center', inline: 'nearest' });
      // Of a link that goes over two lines the first.
      const [box] = control.getClientRects();
      const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const isOnTop = at && (control.contains(at) || at.closest('label')?.control === control);
      if (!isOnTop || isCutOff(control)) found.push((control.ariaLabel || control.textContent || control.outerHTML).trim().slice(0, 200));
    }
    scrollTo(...before);
    return found;
    // What hides what is too wide for it is scrolled by programs, and by nobody else.
    function isCutOff(element) {
      for (let at = element.parentElement; at; at = at.parentElement) {
        if (getComputedStyle(at).overflowX === 'hidden' && at.scrollLeft > 0) return true;
      }
      return false;
    }
  })()`);
}

it.each(['en', 'zh'] as const)('nothing is out of reach: %s', async (language) => {
  await using screen = await stand.open({ language, viewport: { width: 390, height: 800 }, hasTouch: true });
  const found: string[] = [];
  for await (const look of looks(screen, stand.stage, language === 'en' ? LISTS : 2 * LISTS))
    for (const one of await outOfReach(screen)) found.push(`${look}: ${one}`);
  expect(found).toEqual([]);
  expect(screen.faults).toEqual([]);
});

it('what cannot be reached would be found', async () => {
  await using screen = await stand.open({ viewport: { width: 390, height: 800 } });
  await screen.page.goto(stand.stage.url());
  await screen.button('network.title').waitFor();
  // The content security policy takes no style from markup, but from programs.
  await screen.page.evaluate(`(() => {
    const add = (tag, text, style, to = document.querySelector('main')) => {
      const made = to.appendChild(document.createElement(tag));
      made.textContent = text;
      Object.assign(made.style, style);
      return made;
    };
    const cut = add('div', '', { overflow: 'hidden', position: 'relative', height: '40px' });
    add('button', 'beside', { position: 'absolute', left: '600px' }, cut);
    add('button', 'under', {});
    add('p', 'over it', { position: 'relative', top: '-80px', height: '200px', background: 'red' });
    add('button', 'in reach', {});
  })()`);
  expect(await outOfReach(screen)).toEqual(['beside', 'under']);
});
