import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import { wav } from '../support/browser/wav.ts';
import { tinyLlama } from '../support/models/tiny-llama.ts';
import { filesOfWheel } from '../support/models/wheels.ts';
import { missingPython, needing } from '../support/needs.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const LONGEST_MS = 300_000;
const SENTENCES = fileURLToPath(
  new URL('../fixtures/hugging-face/bert-sentences', import.meta.url),
);
// A network that hears notes (Apache-2.0): sound of 2 s at 22.05 kHz.
const notes = await filesOfWheel({
  name: 'basic-pitch',
  version: '0.4.0',
  sha256: '738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0',
});

/** Two tones that fade. */
function chord(seconds: number, rate = 22_050): Buffer {
  const tone = (at: number, hertz: number) => Math.sin((2 * Math.PI * hertz * at) / rate);
  const loudness = (at: number) =>
    8000 * (tone(at, 440) + tone(at, 659.3)) * Math.exp((-2 * at) / rate);
  return wav(
    Int16Array.from({ length: seconds * rate }, (_, at) => loudness(at)),
    rate,
  );
}

describe('a model of each kind, dropped in the browser and tried there', () => {
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
    page.setDefaultTimeout(LONGEST_MS);
    await page.goto(await linkTo(slipway));
    await page.getByRole('heading', { name: 'Models' }).waitFor();
  }, LONGEST_MS);

  afterAll(async () => {
    expect(window.errors).toEqual([]);
    await browser.close();
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  type File = { readonly name: string; readonly mimeType: string; readonly buffer: Buffer };

  async function live(name: string, input: number, dropped: string | File): Promise<void> {
    await page.evaluate("location.hash = '#/'");
    await page.setInputFiles(`input[type=file] >> nth=${input}`, dropped as string);
    await page.getByLabel('Name of the model').fill(name);
    await page.getByRole('button', { name: 'Deploy' }).click();
    expect((await slipway.ending(name, 1)).detail).toMatchObject({ state: 'Live' });
    await page.evaluate(`location.hash = '#/models/${name}/try'`);
    await page.locator('.try').waitFor();
  }

  /** Without a fault of axe and nothing wider than the window, in both schemes and on a telephone. */
  async function looksRight(name: string): Promise<void> {
    for (const [scheme, width] of [
      ['light', 1200],
      ['dark', 1200],
      ['light', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 760 });
      expect({ scheme, width, faults: await faultsOf(page) }).toMatchObject({ faults: [] });
      expect({ scheme, width, overflow: await overflowOf(page) }).toMatchObject({ overflow: 0 });
      await picture(page, `kind-${name}-${scheme}-${width}`);
    }
    await page.setViewportSize({ width: 1200, height: 760 });
  }

  const answer = () => page.locator('.try-answers[aria-busy=false] article').first();
  const code = () => page.locator('.try-code').textContent();

  it(
    'embeds two texts, and says how similar they are',
    async () => {
      await live('sentences', 1, SENTENCES);
      await page.getByLabel('One text').fill('the cat sat on the mat');
      await page.getByLabel('Another text').fill('the cat sat on the mat');
      await page.getByRole('button', { name: 'Send' }).click();
      await answer().waitFor();

      expect(await answer().textContent()).toContain('1.0');
      expect(await code()).toContain('/models/sentences/v1/embeddings');
      await page.getByLabel('Another text').fill('where is the dog');
      await page.getByRole('button', { name: 'Send' }).click();
      await answer().waitFor();
      await looksRight('embeddings');
    },
    LONGEST_MS,
  );

  needing(typeof notes === 'object' ? notes.missing : undefined, () => {
    it(
      'hears a sound, which the browser brings to its rate and length',
      async () => {
        const path = join(String(notes), 'basic_pitch/saved_models/icassp_2022/nmp.onnx');
        const buffer = readFileSync(path);
        await live('notes', 0, { name: 'nmp.onnx', mimeType: '', buffer });
        const sound = { name: 'chord.wav', mimeType: 'audio/wav', buffer: chord(3) };
        await page.getByLabel('Rate of the model').selectOption('22050');
        await page.setInputFiles('.try input[type=file]', sound);
        await page.getByText('sent as its first 2.0 s').waitFor();
        await looksRight('sound-ready');
        await page.getByRole('button', { name: 'Send' }).click();
        await answer().waitFor();

        expect(await page.getByRole('alert').count()).toBe(0);
        await looksRight('sound');
      },
      LONGEST_MS,
    );
  });

  needing(missingPython, () => {
    it(
      'chats as it writes, and goes on with a text',
      async () => {
        await live('chat', 0, { name: 'tiny.gguf', mimeType: '', buffer: tinyLlama() });
        await page.getByLabel('Message').fill('Who wrote the first program?');
        await page.keyboard.press('Enter');
        await page.locator('.try-said.assistant').first().waitFor();
        await page.getByRole('button', { name: 'Send' }).waitFor();

        expect(await page.getByRole('alert').count()).toBe(0);
        expect(await code()).toContain('/models/chat/v1/chat/completions');
        await looksRight('chat');
        await page.getByRole('button', { name: 'Completion' }).click();
        await page.getByRole('button', { name: 'Send' }).click();
        await answer().waitFor();
        await looksRight('completion');
      },
      LONGEST_MS,
    );
  });
});
