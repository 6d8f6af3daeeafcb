import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { linkTo, openBrowser, openWindow } from '../support/browser/browser.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const MOST_BYTES = 150_000;
const TIMES = 5;

type Figures = { readonly paintMs: number; readonly shownMs: number; readonly bytes: number };

/** Reports the first paint with content, as the browser's own observer has it, and when the models stood there; nobody's machine is quiet enough to hold a test to a time. */
describe('the first look at the console', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let browser: Browser;
  let slipway: RunningSlipway;

  beforeAll(async () => {
    folder = await temporaryFolder();
    browser = await openBrowser();
    slipway = await startSlipway(join(folder.path, 'data'));
  });

  afterAll(async () => {
    await browser.close();
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it.each([
    ['no model', 0],
    ['one model', 1],
    ['two hundred models', 200],
  ])('with %s loads at most 150 kB', async (what, count) => {
    if (count > 0) {
      slipway.drop('models/digits/digits.onnx', addConstantModel({ constant: 1 }));
      await slipway.told('digits', ({ state }) => state === 'Live');
    }
    const { models } = (await slipway.get('/models')) as { models: { name: string }[] };
    const many = Array.from({ length: count }, (_, at) => ({ ...models[0], name: `m-${at}` }));
    const looks: Figures[] = [];
    for (let time = 0; time < TIMES; time += 1) looks.push(await firstLook(count > 1 ? many : []));

    const median = (key: keyof Figures) =>
      Math.round(looks.map((look) => look[key]).toSorted((a, b) => a - b)[2] ?? 0);
    process.stderr.write(
      `first look with ${what}: first contentful paint ${median('paintMs')} ms, models shown ${median('shownMs')} ms, ${Math.round(median('bytes') / 1000)} kB (medians of ${TIMES})\n`,
    );
    expect(Math.max(...looks.map(({ bytes }) => bytes))).toBeLessThan(MOST_BYTES);
  });

  /** Each time in a browser that has kept nothing. */
  async function firstLook(many: readonly object[]): Promise<Figures> {
    await using window = await openWindow(browser);
    const { page } = window;
    page.setDefaultTimeout(60_000);
    if (many.length > 0) {
      await page.route(
        (url) => url.pathname === '/models',
        (route) => route.fulfill({ json: { models: many } }),
      );
    }
    await observed(page);
    await page.goto(await linkTo(slipway));
    const { bytes, ...times } = await page.evaluate<Figures>(`(async () => {
      const paintMs = await globalThis.firstPaint;
      const shownMs = await globalThis.modelsShown;
      const [page] = performance.getEntriesByType('navigation');
      const entries = performance.getEntriesByType('resource');
      const sent = ${many.length} > 0 ? entries.filter(({ name }) => !name.endsWith('/models')) : entries;
      const sizes = sent.map(({ transferSize }) => transferSize);
      return { paintMs, shownMs, bytes: sizes.reduce((sum, size) => sum + size, page.transferSize) };
    })()`);
    // The browser's own answer in place of two hundred models is not packed, as that of the control API is.
    const packed = many.length > 0 ? gzipSync(JSON.stringify({ models: many })).length : 0;
    return { ...times, bytes: bytes + packed };
  }
});

/** Has the page note its first contentful paint, and the time at which the invitation to drop stands there. */
async function observed(page: Page): Promise<void> {
  await page.addInitScript(`
    globalThis.firstPaint = new Promise((done) => {
      new PerformanceObserver((list) => {
        for (const { name, startTime } of list.getEntries())
          if (name === 'first-contentful-paint') done(startTime);
      }).observe({ type: 'paint', buffered: true });
    });
    globalThis.modelsShown = new Promise((done) => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector('.invite')) return;
        observer.disconnect();
        done(performance.now());
      }).observe(document, { childList: true, subtree: true });
    });`);
}
