import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { linkTo, openBrowser, openWindow } from '../support/browser/browser.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const MOST_BYTES = 150_000;
const TIMES = 9;

type Figures = { readonly paintMs: number; readonly shownMs: number; readonly bytes: number };

/** Reports the first paint with content, as the browser's own observer has it, and when the models stood there; both from the start of the navigation, in a browser that runs already and has kept nothing of the console. Nobody's machine is quiet enough to hold a test to a time. */
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
    await using window = await openWindow(browser);
    const { context, page } = window;
    page.setDefaultTimeout(60_000);
    await observed(page);
    if (count > 1) await answerModels(page, many);
    const devTools = await context.newCDPSession(page);
    const clear = () => devTools.send('Network.clearBrowserCache');
    await firstLook(page, clear);
    const looks: Figures[] = [];
    for (let time = 0; time < TIMES; time += 1) looks.push(await firstLook(page, clear));
    // The models that the page has answered itself come packed from the control API.
    const packed = count > 1 ? gzipSync(JSON.stringify({ models: many })).length : 0;

    const median = (key: keyof Figures) =>
      Math.round(looks.map((look) => look[key]).toSorted((a, b) => a - b)[(TIMES - 1) / 2] ?? 0);
    process.stderr.write(
      `first look with ${what}: first contentful paint ${median('paintMs')} ms, models shown ${median('shownMs')} ms, ${Math.round((median('bytes') + packed) / 1000)} kB (medians of ${TIMES})\n`,
    );
    expect(window.errors).toEqual([]);
    expect(Math.max(...looks.map(({ bytes }) => bytes)) + packed).toBeLessThan(MOST_BYTES);
  });

  /** Each time from a page of the same origin, with an empty cache and no token. */
  async function firstLook(page: Page, clear: () => Promise<unknown>): Promise<Figures> {
    await page.goto(`${slipway.control}/healthz`);
    await page.evaluate('sessionStorage.clear()');
    await clear();
    await page.goto(await linkTo(slipway));
    return page.evaluate<Figures>(`(async () => {
      const paintMs = await globalThis.firstPaint;
      const shownMs = await globalThis.modelsShown;
      const [page] = performance.getEntriesByType('navigation');
      const sizes = performance.getEntriesByType('resource').map(({ transferSize }) => transferSize);
      return { paintMs, shownMs, bytes: sizes.reduce((sum, size) => sum + size, page.transferSize) };
    })()`);
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

/** Answers the page's own question for the models. A route of the browser's driver would hold up every other request too. */
async function answerModels(page: Page, models: readonly object[]): Promise<void> {
  await page.addInitScript(`
    const ask = globalThis.fetch;
    globalThis.fetch = (path, options) =>
      path === 'models' ? Promise.resolve(Response.json(${JSON.stringify({ models })})) : ask(path, options);`);
}
