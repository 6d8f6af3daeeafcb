import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import {
  linkTo,
  openBrowser,
  openWindow,
  picture,
  type Window,
} from '../support/browser/browser.ts';
import { addConstantModel, identityModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const PICTURE = fileURLToPath(new URL('../fixtures/images/rgb.png', import.meta.url));

describe('what is dragged onto the console', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let browser: Browser;
  let slipway: RunningSlipway;
  let window: Window;
  let page: Page;

  beforeAll(async () => {
    folder = await temporaryFolder();
    browser = await openBrowser();
    slipway = await startSlipway(join(folder.path, 'data'));
    window = await openWindow(browser);
    page = window.page;
    page.setDefaultTimeout(60_000);
    await page.goto(await linkTo(slipway));
    await page.getByRole('heading', { name: 'Models' }).waitFor();
  });

  afterAll(async () => {
    expect(window.errors).toEqual([]);
    await browser.close();
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  type Step = 'dragEnter' | 'dragOver' | 'drop' | 'dragCancel';

  /** Drags files as the system's file manager does. */
  async function drag(files: readonly string[], selector: string, ...steps: readonly Step[]) {
    const devtools = await window.context.newCDPSession(page);
    const box = await page.locator(selector).first().boundingBox();
    const at = { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + 20 };
    const data = { items: [], files: [...files], dragOperationsMask: 1 };
    for (const type of steps) await devtools.send('Input.dispatchDragEvent', { type, ...at, data });
    await devtools.detach();
  }

  const veil = () => page.getByText('Drop models here', { exact: true });

  it('is a file and a folder at once, which become two models', async () => {
    const file = join(folder.path, 'digits.onnx');
    const boxed = join(folder.path, 'boxed');
    mkdirSync(join(boxed, '.git'), { recursive: true });
    writeFileSync(join(boxed, '.git', 'config'), 'not sent');
    writeFileSync(file, addConstantModel({ constant: 1 }));
    copyFileSync(file, join(boxed, 'model.onnx'));
    await drag([file, boxed], 'main', 'dragEnter', 'dragOver');
    await veil().waitFor();
    await picture(page, 'drag-light');
    await drag([file, boxed], 'main', 'drop');
    await page.getByRole('dialog', { name: 'Deploy 2 models' }).waitFor();
    expect(await veil().count()).toBe(0);
    await page.getByRole('button', { name: 'Deploy' }).click();
    await Promise.all([slipway.ending('digits', 1), slipway.ending('boxed', 1)]);

    const { keys } = (await slipway.get('/objects?prefix=models/')) as { keys: string[] };
    expect(keys).toEqual([
      'models/boxed/boxed/model.onnx',
      'models/boxed/boxed/model.yaml',
      'models/digits/digits.onnx',
    ]);
  });

  it('is a picture to be tried, which is no model: nobody is asked for its name', async () => {
    const pictures = identityModel({ datatype: 'FP32', shape: ['n', 3, 32, 32] });
    slipway.drop('models/pictures/pictures.onnx', pictures);
    await slipway.ending('pictures', 1);
    await page.evaluate("location.hash = '#/models/pictures/try'");
    await page.locator('.try-drop').waitFor();
    await drag([PICTURE], '.try-drop', 'dragEnter', 'dragOver');
    expect(await veil().count()).toBe(0);
    await drag([PICTURE], '.try-drop', 'drop');
    await page.locator('.try .try-picture').waitFor();

    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('.try-answers[aria-busy=false] article').waitFor();
    await picture(page, 'kind-picture-light');
  });
});
