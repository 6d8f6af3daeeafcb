import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { RunningSlipway } from '../slipway/running.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where the browser is, or would be. */
export const CHROMIUM = process.env['SLIPWAY_CHROMIUM'] ?? '/usr/bin/chromium';

/** Where the pictures of each story lie; the run prints it. */
export const PICTURES =
  process.env['SLIPWAY_PICTURES'] ?? mkdtempSync(join(tmpdir(), 'slipway-pictures-'));

type Look = {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  /** Takes a certificate that nobody has signed. */
  readonly isTrusting?: boolean;
};

/** A browser, and what went wrong in its pages. */
export type Window = {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts and refusals of the CSP, in the order in which they came. */
  readonly errors: readonly string[];
  /** The origins that the page asked. */
  readonly origins: ReadonlySet<string>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function openBrowser(): Promise<Browser> {
  // A sandbox of its own needs rights that a container does not give.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

export async function openWindow(
  browser: Browser,
  { scheme = 'light', width = 1200, isTrusting = false }: Look = {},
): Promise<Window> {
  const context = await browser.newContext({
    viewport: { width, height: 760 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    ignoreHTTPSErrors: isTrusting,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  const origins = new Set<string>();
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (said) => {
    if (/Content Security Policy|TrustedHTML/i.test(said.text())) errors.push(said.text());
  });
  page.on('dialog', (dialog) => {
    errors.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url().startsWith('http')) origins.add(new URL(request.url()).origin);
  });
  return { context, page, errors, origins, [Symbol.asyncDispose]: () => context.close() };
}

/** A link that opens the console of a Slipway once. */
export async function linkTo(slipway: RunningSlipway): Promise<string> {
  const response = await slipway.api('/console/links', { method: 'POST' });
  const { url } = (await response.json()) as { readonly url: string };
  return url;
}

/** The faults that axe finds for people who see little, use a keyboard or listen. */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  // A change of the scheme or of the width has been drawn.
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
  );
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{
    violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
  }>('axe.run(document, { resultTypes: ["violations"] })');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

/** How far the page is wider than the window, in pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)');
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  // The header of a page that is scrolled would stand in the middle of its picture.
  await page.evaluate('scrollTo(0, 0)');
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
