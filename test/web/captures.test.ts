import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import {
  faultsOf,
  linkTo,
  openBrowser,
  openWindow,
  overflowOf,
  picture,
  type Window,
} from '../support/browser/browser.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { model } from '../support/models/onnx-graph.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const MANIFEST = JSON.stringify({
  capture: { requestsPerHour: 50, megabytes: 10, days: 3, private: ['card'] },
  rollout: { bakeSeconds: 0 },
});
const ASKED = 20;

/** Answers a text as it is. */
const ECHO = model({
  inputs: [{ name: 'text', datatype: 'BYTES', shape: ['n'] }],
  outputs: [{ name: 'label', datatype: 'BYTES', shape: ['n'] }],
  nodes: [{ op: 'Identity', inputs: ['text'], outputs: ['label'] }],
});

type State = { readonly days: readonly { counts: { seen: number }; opens: number }[] };

describe('the requests of clients that are kept', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let browser: Browser;
  let slipway: RunningSlipway;
  let window: Window;
  let page: Page;

  beforeAll(async () => {
    folder = await temporaryFolder();
    browser = await openBrowser();
    slipway = await startSlipway(join(folder.path, 'data'));
    slipway.drop('models/plain/plain.onnx', addConstantModel({ constant: 1 }));
    slipway.drop('models/echo/echo.onnx.yaml', MANIFEST);
    slipway.drop('models/echo/echo.onnx', ECHO);
    await Promise.all([slipway.ending('plain', 1), slipway.ending('echo', 1)]);
    window = await openWindow(browser);
    page = window.page;
    page.setDefaultTimeout(60_000);
    await page.goto(await linkTo(slipway));
    await page.getByRole('link', { name: 'echo' }).waitFor();
  });

  afterAll(async () => {
    expect(window.errors).toEqual([]);
    await browser.close();
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const goTo = (hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  const state = () => slipway.get('/models/echo/capture') as Promise<State>;

  it('are explained where a model keeps none, and where none has come yet', async () => {
    await goTo('#/models/plain/requests');
    await page.getByText('No requests are kept').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'captures-none-light');

    await goTo('#/models/echo/requests');
    await page.getByText('It has kept no request yet').waitFor();
  });

  it('are counted by day beside their budget, in both schemes and on a phone', async () => {
    for (let index = 0; index < ASKED; index += 1) {
      const row = { text: `secret ${index}`, ...(index % 4 === 0 && { card: '4111' }) };
      const response = await fetch(`${slipway.gateway}/models/echo/invocations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ dataframe_records: [row] }),
      });
      expect(response.status).toBe(200);
    }
    await eventually(async () => (await state()).days[0]?.counts.seen === ASKED);
    await goTo('#/models/echo');
    await page.getByRole('link', { name: 'Kept requests' }).click();
    await page.getByText('5 with a private field').waitFor();

    const figures = await page.locator('.figures > div').allTextContents();
    expect(figures).toEqual([
      'Can be opened15',
      'Of an hour, at most50',
      expect.stringMatching(/^Space, of 10\.0 MB\d/),
      'Kept for3 days',
      'Never with the fieldscard',
    ]);
    expect(await page.getByText('secret').count()).toBe(0);
    for (const [scheme, width] of [
      ['light', 1200],
      ['dark', 1200],
      ['light', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 760 });
      expect(await faultsOf(page)).toEqual([]);
      expect(await overflowOf(page)).toBe(0);
      await picture(page, `captures-${scheme}-${width}`);
    }
    await page.setViewportSize({ width: 1200, height: 760 });
  });

  it('are saved as a file, opened', async () => {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save them, opened' }).click();
    const file = await saved;

    expect(file.suggestedFilename()).toBe('echo-requests.jsonl');
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(15);
    expect(lines.join()).not.toContain('4111');
  });

  it('are forgotten behind a question that names what will happen', async () => {
    await page.getByRole('button', { name: 'Forget 2' }).click();
    await page.getByRole('dialog').getByText('Their keys are deleted').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'captures-question-light');
    await page.keyboard.press('Escape');
    expect((await state()).days[0]?.opens).toBe(15);

    await page.getByRole('button', { name: 'Forget all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget all' }).click();
    await page.getByText('They can never be opened again.').waitFor();

    expect((await state()).days.map(({ opens }) => opens)).toEqual([]);
  });
});
