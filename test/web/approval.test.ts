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
import { addConstantModel, identityModel } from '../support/models/onnx.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const ASKS = JSON.stringify({ gate: { changed: 'ask', broken: 'ask', unproven: 'ask' } });

describe('a version that the gate asks about', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let browser: Browser;
  let slipway: RunningSlipway;
  let window: Window;
  let page: Page;

  beforeAll(async () => {
    folder = await temporaryFolder();
    browser = await openBrowser();
    slipway = await startSlipway(join(folder.path, 'data'));
    slipway.drop('models/digits/v1.onnx', addConstantModel({ constant: 1 }));
    await slipway.ending('digits', 1);
    window = await openWindow(browser);
    page = window.page;
    page.setDefaultTimeout(60_000);
    await page.goto(await linkTo(slipway));
    await page.getByRole('link', { name: 'digits' }).waitFor();
  });

  afterAll(async () => {
    expect(window.errors).toEqual([]);
    await browser.close();
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const dropped = (name: string, bytes: Uint8Array) => {
    slipway.drop(`models/digits/${name}.onnx.yaml`, ASKS);
    slipway.drop(`models/digits/${name}.onnx`, bytes);
  };
  const waiting = () => page.getByRole('region', { name: 'Awaits approval' });
  const answer = async (title: string) => {
    await waiting().getByRole('button', { name: title }).click();
    await page.getByRole('dialog').getByRole('button', { name: title }).click();
  };

  it('is named among the models, and shown with what the gate found', async () => {
    dropped('v2', addConstantModel({ constant: 2 }));
    await page.getByText('v2 awaits approval').click();
    await page.evaluate("location.hash = '#/models/digits'");
    await waiting().waitFor();
    await page.getByRole('heading', { name: 'Beside version 1' }).waitFor();

    expect(await waiting().getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    for (const [scheme, width] of [
      ['light', 1200],
      ['dark', 1200],
      ['light', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 760 });
      expect(await faultsOf(page)).toEqual([]);
      expect(await overflowOf(page)).toBe(0);
      await picture(page, `asked-${scheme}-${width}`);
    }
  });

  it('is asked the same as the live one, beside it', async () => {
    await page.setViewportSize({ width: 1200, height: 760 });
    await waiting().getByRole('link', { name: 'Ask both versions the same' }).click();
    await page.getByLabel('Compare with').selectOption({ label: 'digits-v2' });
    await page.getByRole('button', { name: 'Send' }).click();
    const answers = page.locator('.try-answers[aria-busy=false] article');
    await answers.nth(1).waitFor();

    expect(await answers.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
      'digits-v1',
      'digits-v2',
    ]);
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      expect(await faultsOf(page)).toEqual([]);
      await picture(page, `side-by-side-${scheme}`);
    }
    await page.evaluate("location.hash = '#/models/digits'");
  });

  it('goes live once a person has approved it, whose name the record has', async () => {
    await page.getByLabel('Your name, for the record').fill('Ada');
    await waiting().getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog', { name: 'Approve version 2 of digits?' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'approve-question-light');
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await slipway.ending('digits', 2);

    await page.getByText('Version 2 on').waitFor();
    const { work } = (await newest()) as { work: { clearance: object } };
    expect(work.clearance).toMatchObject({ verdict: 'approved', by: 'Ada' });
    expect(await waiting().count()).toBe(0);
  });

  it('ends as rejected once a person has refused it', async () => {
    dropped('v3', addConstantModel({ constant: 3 }));
    await page.getByLabel('Your name, for the record').fill('Ada');
    await answer('Refuse');
    await slipway.ending('digits', 3);

    await page.getByText('and Ada refused it').first().waitFor();
    expect(await slipway.get('/models/digits')).toMatchObject({ live: { version: 2 } });
  });

  it('is approved although it is broken only with these words', async () => {
    dropped('v4', identityModel({ datatype: 'FP32', shape: ['n', 5] }));
    await page.getByLabel('Your name, for the record').fill('Ada');
    await page.getByText('broken', { exact: true }).first().waitFor();
    await waiting().getByRole('button', { name: 'Approve' }).click();
    const question = page.getByRole('dialog');
    await question.getByText('The gate found it broken').waitFor();
    await question.getByRole('button', { name: 'Approve' }).click();
    await slipway.ending('digits', 4);

    expect(await slipway.get('/models/digits')).toMatchObject({ live: { version: 4 } });
  });

  async function newest(): Promise<unknown> {
    const model = (await slipway.get('/models/digits')) as { newest: { id: string } };
    return slipway.get(`/deployments/${model.newest.id}`);
  }
});

describe('a promotion that waits for a person', () => {
  it('is approved in the console of the Slipway that it comes to', async () => {
    await using folder = await temporaryFolder();
    await using staging = await startSlipway(join(folder.path, 'staging'));
    await using prod = await startSlipway(join(folder.path, 'prod'));
    staging.drop('models/digits/v1.onnx', addConstantModel({ constant: 1 }));
    await staging.ending('digits', 1);
    const browser = await openBrowser();
    await using window = await openWindow(browser);
    const { page } = window;
    page.setDefaultTimeout(60_000);
    const asked = await runHere(
      ...['promote', 'digits', '--from', staging.dataDir, '--to', prod.dataDir],
      '--require-approval',
    );
    expect(asked.stdout || asked.stderr).toContain('AwaitingApproval');
    await page.goto(await linkTo(prod));
    await page.getByRole('link', { name: 'digits' }).click();
    const waiting = page.getByRole('region', { name: 'Awaits approval' });
    await waiting.getByText('sha256:').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'promotion-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'promotion-dark');
    await page.getByLabel('Your name, for the record').fill('Grace');
    await waiting.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await prod.ending('digits', 1);

    await page.getByText('Version 1 on').waitFor();
    expect(window.errors).toEqual([]);
    await browser.close();
  });
});
