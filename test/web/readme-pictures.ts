// `npm run pictures`: makes the pictures of the console in the README, in both schemes, from a Slipway that shifts traffic. It takes about five minutes and needs Chromium.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { linkTo, openBrowser, openWindow } from '../support/browser/browser.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const SIZE = { width: 900, height: 880 };
const BEFORE_MS = 100_000;
// The third of five shares has been live for a while.
const WITHIN_MS = 75_000;
const EVERY_MS = 60;

const requestOf = (seed: number) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [seed, seed / 2, seed / 3] }],
});
const MANIFEST = JSON.stringify({
  examples: Array.from({ length: 24 }, (_, at) => ({ request: requestOf(at) })),
  rollout: { strategy: 'linear', bakeSeconds: 30 },
});

await using folder = await temporaryFolder();
await using slipway = await startSlipway(join(folder.path, 'data'));
const browser = await openBrowser();
await using window = await openWindow(browser, { width: SIZE.width });
const { page } = window;
try {
  drop(slipway, 1);
  await slipway.ending('digits', 1);
  const done = new AbortController();
  const load = ask(slipway, done.signal);
  await pause(BEFORE_MS);
  drop(slipway, 1.000_001);
  const shifting = await slipway.told(
    'digits',
    ({ state, version }) => state === 'Shifting' && version === 2,
  );
  await pause(WITHIN_MS);
  await page.goto(await linkTo(slipway));
  await page.getByRole('heading', { name: 'Models' }).waitFor();
  await shoot(page, 'model', '#/models/digits');
  await slipway.ending('digits', 2);
  done.abort();
  await load;
  await shoot(page, 'deployment', `#/deployments/${shifting.detail.deploymentId}`);
} finally {
  await browser.close();
}

function drop({ drop: put }: RunningSlipway, constant: number): void {
  put('models/digits/digits.onnx.yaml', MANIFEST);
  put('models/digits/digits.onnx', addConstantModel({ constant }));
}

/** Asks at the pace of a few clients, quicker and slower in turn. */
async function ask({ infer }: RunningSlipway, signal: AbortSignal): Promise<void> {
  for (let at = 0; !signal.aborted; at += 1) {
    const response = await infer('digits', requestOf(at % 100));
    await response.arrayBuffer();
    await pause(EVERY_MS * (1 + Math.sin(at / 80) / 2));
  }
}

async function shoot(page: Page, name: string, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.setViewportSize(SIZE);
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.locator('.charts, .way').first().waitFor();
    await page.getByText('reading').waitFor({ state: 'detached' });
    await pause(3000);
    await page.screenshot({ path: join(DOCS, `console-${name}-${scheme}.png`) });
  }
}
