import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { faultsOf, linkTo, openBrowser, openWindow, picture } from '../support/browser/browser.ts';
import { proto } from '../support/bytes/proto.ts';
import { floats, model } from '../support/models/onnx-graph.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/zipmap/${name}`, import.meta.url));
const { classes }: { classes: readonly string[] } = JSON.parse(fixture('words.json').toString());

/** Scores of three classes, with their names in the metadata as Ultralytics writes them. */
const named = Buffer.concat([
  model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n', 3] }],
    outputs: [{ name: 'scores', datatype: 'FP32', shape: ['n', 3] }],
    nodes: [
      { op: 'Add', inputs: ['x', 'c'], outputs: ['sum'] },
      { op: 'Softmax', inputs: ['sum'], outputs: ['scores'] },
    ],
    initializers: [floats('c', [3], [0, 1, 2])],
  }),
  proto([
    14,
    [
      [1, 'names'],
      [2, "{0: 'cat', 1: 'dog', 2: 'heron'}"],
    ],
  ]),
]);

describe('the answer of a classifier', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let browser: Browser;
  let slipway: RunningSlipway;

  beforeAll(async () => {
    folder = await temporaryFolder();
    browser = await openBrowser();
    slipway = await startSlipway(join(folder.path, 'data'));
    slipway.drop('models/words/words.onnx', fixture('words.onnx'));
    slipway.drop('models/named/named.onnx', named);
    await Promise.all([slipway.ending('words', 1), slipway.ending('named', 1)]);
  });

  afterAll(async () => {
    await browser.close();
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it.each([
    ['words', classes],
    ['named', ['cat', 'dog', 'heron']],
  ] as const)('%s has bars with the names of its classes', async (name, names) => {
    await using window = await openWindow(browser);
    const { page } = window;
    page.setDefaultTimeout(60_000);
    await page.goto(await linkTo(slipway));
    await page.getByRole('link', { name }).click();
    await page.getByRole('link', { name: 'Try it' }).click();
    await page.getByRole('button', { name: 'Send' }).click();
    const bars = page.locator('.try-answers .try-bars').first();
    await bars.waitFor();

    for (const each of names) expect(await bars.textContent()).toContain(String(each));
    expect(await faultsOf(page)).toEqual([]);
    expect(window.errors).toEqual([]);
    await picture(page, `classes-${name}-light`);
  });
});
