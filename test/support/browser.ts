import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { onTestFailed } from 'vitest';
import { allMessages, type MessageKey } from '../../dashboard/src/messages/all.ts';
import { attributeName, oneOf, titleOf } from '../../dashboard/src/messages/resources.ts';
import { findCommand, thisMachine } from '../../setup/debian.ts';
import { patience } from './wait.ts';

export type Language = 'en' | 'zh';

export interface ScreenOptions {
  language?: Language;
  colorScheme?: 'light' | 'dark';
  viewport?: { width: number; height: number };
  hasTouch?: boolean;
  /** A browser of its own, for a test that changes what its tabs share (clock, permissions) or looks at what it keeps. */
  isNew?: boolean;
}

/** Debian's Chromium without a window; Playwright drives it and brings none of its own. */
export class ChromiumBrowser implements AsyncDisposable {
  readonly browser: Browser;
  /** By language and touch. Who comes later finds the files of the page there, and nothing else of who was before. */
  readonly #contexts = new Map<string, Promise<BrowserContext>>();

  private constructor(browser: Browser) {
    this.browser = browser;
  }

  static async launch(): Promise<ChromiumBrowser> {
    const executablePath = findCommand('chromium', thisMachine(() => {}).path);
    if (executablePath === null) throw new Error('there is no chromium; npm test installs it');
    // Its own sandbox is for pages one does not know, and does not start for root.
    return new ChromiumBrowser(await chromium.launch({ executablePath, chromiumSandbox: false }));
  }

  /** A page as nobody has used it before, for one test, which tells what was to be seen when it fails. */
  async open({ isNew = false, language = 'en', hasTouch = false, ...options }: ScreenOptions = {}): Promise<Screen> {
    const key = `${language} ${hasTouch}`;
    const known = isNew ? undefined : this.#contexts.get(key);
    const opening = known ?? this.#context(language, hasTouch);
    if (!isNew) this.#contexts.set(key, opening);
    const context = await opening;
    const page = await context.newPage();
    await page.setViewportSize(options.viewport ?? { width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: options.colorScheme ?? 'light' });
    const screen = new Screen(page, language, async () => {
      const isEmptied = !isNew && (await emptied(page));
      if (isEmptied) return await page.close();
      if (!isNew) this.#contexts.delete(key);
      await context.close();
    });
    onTestFailed(() => console.log(`what was to be seen last:\n${screen.lastSeen}`));
    return screen;
  }

  async #context(language: Language, hasTouch: boolean): Promise<BrowserContext> {
    const locale = language === 'en' ? 'en-GB' : 'zh-CN';
    const context = await this.browser.newContext({ locale, hasTouch, reducedMotion: 'reduce' });
    context.setDefaultTimeout(30_000 * patience);
    return context;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}

/** Forgets what a page has stored. False: it cannot be asked to. */
async function emptied(page: Page): Promise<boolean> {
  try {
    await page.evaluate('localStorage.clear(), sessionStorage.clear()');
    return true;
  } catch {
    return false;
  }
}

/** What one person sees, by the words of the page's own messages, and what goes wrong behind it. */
export class Screen implements AsyncDisposable {
  readonly page: Page;
  language: Language;
  /** Uncaught errors, dialogs, what the content security policy refused, and all else the console calls an error. */
  readonly faults: string[] = [];
  /** The page as it was when this was given up, as a screen reader has it. */
  lastSeen = '';
  readonly #close: () => Promise<void>;

  constructor(page: Page, language: Language, close: () => Promise<void>) {
    this.#close = close;
    this.page = page;
    this.language = language;
    page.on('pageerror', (error) => this.faults.push(`uncaught: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('dialog', (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  /** A text of the page. */
  text(key: MessageKey, values: Readonly<Record<string, string | number>> = {}): string {
    const template = allMessages[key][this.#at];
    return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  }

  /** What a collection is called: `security_groups`. */
  title(collection: string): string {
    return titleOf(collection)[this.#at];
  }

  /** What one of them is called. */
  one(collection: string, member: string): string {
    return oneOf(collection, member)[this.#at];
  }

  /** What an attribute is called: `cidr`. */
  attribute(name: string): string {
    return attributeName(name)[this.#at];
  }

  /** What the topology draws of something: its name first, its kind and how it is further on. */
  drawn(name: string, kind: 'network' | 'external' | 'router' | 'guest', health?: 'up' | 'down' | 'off'): Locator {
    const words = [this.text(`topology.${kind}`), ...(health ? [this.text(`topology.${health}`)] : [])];
    return this.button(new RegExp(`^${name} .*, ${words.join(', ')}`));
  }

  /** The page is the very one that this was called for, not one loaded anew: call it before, and ask after. */
  async mark(): Promise<() => Promise<boolean>> {
    await this.page.evaluate('globalThis.marked = true');
    return () => this.page.evaluate('globalThis.marked === true');
  }

  /** Changes the language by the button in the header, which names the other one. */
  async speak(language: Language): Promise<void> {
    await this.button('shell.language').click();
    this.language = language;
    await this.page.locator(`html[lang|=${language}]`).waitFor();
  }

  /** By the navigation to a page (a message), or to the list of a collection. */
  async go(page: 'shell.home' | 'topology.title' | { list: string }): Promise<void> {
    const name = typeof page === 'string' ? this.text(page) : this.title(page.list);
    const menu = this.button('shell.openNavigation');
    if (await menu.isVisible()) await menu.click();
    await this.page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
    if (page !== 'shell.home') await this.page.getByRole('heading', { name, exact: true }).waitFor();
  }

  /** A button by its message, or by a part of its name. */
  button(
    name: MessageKey | RegExp,
    within: Page | Locator = this.page,
    values: Readonly<Record<string, string>> = {},
  ): Locator {
    return within.getByRole('button', { name: typeof name === 'string' ? this.text(name, values) : name, exact: true });
  }

  /** The dialog that is open. */
  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  /** A field of the form that is open, by its attribute. */
  field(attribute: string, role: 'textbox' | 'combobox' = 'textbox'): Locator {
    return this.dialog.getByRole(role, { name: this.attribute(attribute), exact: true });
  }

  /** Types as a person does who has clicked there: what stood there goes. */
  async type(field: Locator, text: string): Promise<void> {
    await field.click({ clickCount: 3 });
    await this.page.keyboard.type(text);
  }

  /** Chooses from the list that opens by a click. */
  async choose(field: Locator, option: string | RegExp): Promise<void> {
    await field.click();
    await this.page.getByRole('option', { name: option }).click();
  }

  /** Sends the form that is open, and closes what then says how the same is done from a shell. Returns that. */
  async send(by: MessageKey = 'forms.send'): Promise<string> {
    await this.button(by, this.dialog).click();
    await this.dialog.getByRole('heading', { name: this.text('forms.done'), exact: true }).waitFor();
    const told = await this.dialog.innerText();
    await this.button('shell.close', this.dialog).last().click();
    await this.dialog.waitFor({ state: 'detached' });
    return told;
  }

  /** For the docs: `NEUTRINO_PICTURES` names a folder for them. Taken in one language only. */
  async picture(name: string, language: Language = 'en'): Promise<void> {
    const folder = process.env.NEUTRINO_PICTURES;
    if (!folder || language !== this.language) return;
    // The header keeps to the window, and would stand in the middle of the picture.
    await this.page.evaluate('scrollTo(0, 0)');
    await this.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: 'disabled' });
  }

  get #at(): 0 | 1 {
    return this.language === 'en' ? 0 : 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lastSeen = await this.page
      .locator('body')
      .ariaSnapshot({ timeout: 5_000 })
      .catch((error: Error) => error.message);
    await this.#close();
  }
}
