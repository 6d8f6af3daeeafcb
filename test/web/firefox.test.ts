import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, type Page } from 'puppeteer-core';
import { linkTo, PICTURES } from '../support/browser/browser.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

/** Where Firefox is, or would be. */
const FIREFOX = process.env['SLIPWAY_FIREFOX'] ?? '/usr/bin/firefox-esr';
const missing = existsSync(FIREFOX) ? undefined : `there is no Firefox at ${FIREFOX}`;

// Playwright drives a Firefox of its own alone; this one is driven by WebDriver BiDi, which it speaks itself.
needing(missing, () => {
  it('Firefox opens the console, drops a model, calls it, and talks of no error', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(join(folder.path, 'data'));
    const browser = await launch({
      browser: 'firefox',
      executablePath: FIREFOX,
      timeout: 180_000,
    });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(60_000);
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (said) => {
        if (said.type() === 'error') errors.push(said.text());
      });
      const path = join(folder.path, 'digits.onnx');
      writeFileSync(path, addConstantModel({ constant: 41 }));

      await page.goto(await linkTo(slipway));
      await page.waitForSelector('.invite');
      await (await page.waitForSelector('input[type=file]'))?.uploadFile(path);
      await page.locator('dialog button.main').click();
      await slipway.ending('digits', 1);
      await goTo(page, '#/models/digits/try');
      await page.locator('.try-once input').fill('1');
      await page.locator('.try-once button.main').click();
      await page.waitForSelector('.try-answers .try-value');
      const answer = await textOf(page, '.try-answers .try-value');
      await page.screenshot({ path: join(PICTURES, 'firefox-try-light.png') });
      await goTo(page, '#/models/digits');
      await page.waitForSelector('.chart .line');
      await slipway.kill();
      await page.waitForSelector('header .badge.warn');

      expect(answer).toBe('42');
      expect(errors.filter((error) => !/NetworkError|CORS|Cross-Origin/.test(error))).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});

const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

const textOf = (page: Page, selector: string) =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
