import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import {
  faultsOf,
  linkTo,
  openBrowser,
  openWindow,
  picture,
  type Window,
} from '../support/browser/browser.ts';
import { freePort, missingNginx, nginx } from '../support/fronts/nginx.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

needing(missingNginx, () => {
  describe('behind /ml/ of nginx with TLS, the models on one port and the console on another', () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let browser: Browser;
    let slipway: RunningSlipway;
    let front: Awaited<ReturnType<typeof nginx>>;
    let window: Window;
    let page: Page;
    let models: string;
    let ops: string;

    beforeAll(async () => {
      folder = await temporaryFolder();
      browser = await openBrowser();
      const [modelsPort, opsPort] = [await freePort(), await freePort()];
      models = `https://localhost:${modelsPort}/ml`;
      ops = `https://localhost:${opsPort}/ml`;
      slipway = await startSlipway(join(folder.path, 'data'), {
        config: { gatewayPort: 0, controlPort: 0, publicUrl: models, consoleUrl: `${ops}/` },
      });
      front = await nginx(
        new Map([
          [modelsPort, slipway.gateway],
          [opsPort, slipway.control],
        ]),
      );
      window = await openWindow(browser, { isTrusting: true });
      page = window.page;
      page.setDefaultTimeout(60_000);
    });

    afterAll(async () => {
      await browser.close();
      await front[Symbol.asyncDispose]();
      await slipway[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    it('the console opens by its link, takes a drop, and tries the model, all by these addresses', async () => {
      const path = join(folder.path, 'digits.onnx');
      writeFileSync(path, addConstantModel({ constant: 1 }));
      const link = await linkTo(slipway);
      expect(link.startsWith(`${ops}/#open=`)).toBe(true);

      await page.goto(link);
      await page.setInputFiles('input[type=file] >> nth=0', path);
      await page.getByRole('button', { name: 'Deploy' }).click();
      await page.getByRole('link', { name: 'See how it goes' }).click();
      await page.getByText('It answers at its endpoint.').waitFor();
      await page.getByRole('link', { name: 'Try it' }).click();
      await page.getByRole('button', { name: 'Send' }).click();
      await page.locator('.try-answers article').first().waitFor();

      expect(await page.locator('.try-code').textContent()).toContain(
        `curl ${models}/models/digits/invocations`,
      );
      expect(await faultsOf(page)).toEqual([]);
      expect([...window.origins].toSorted()).toEqual(
        [models, ops].map((address) => new URL(address).origin).toSorted(),
      );
      expect(window.errors).toEqual([]);
      await picture(page, 'proxy-console-light');
    });

    it("a model's own page is whole there, and says that address", async () => {
      await page.goto(`${models}/models/digits`);
      await page.getByRole('button', { name: 'Send' }).click();
      await page.locator('.try-answers article').first().waitFor();

      expect(await page.locator('.try-code').textContent()).toContain(
        `curl ${models}/models/digits/invocations`,
      );
      await page.getByRole('button', { name: 'Python' }).click();
      expect(await page.locator('.try-code').textContent()).toContain(
        `${models}/models/digits/invocations`,
      );
    });
  });
});
