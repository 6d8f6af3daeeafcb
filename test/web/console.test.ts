import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import {
  faultsOf,
  linkTo,
  openBrowser,
  openWindow,
  overflowOf,
  PICTURES,
  picture,
  type Window,
} from '../support/browser/browser.ts';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const WAIT = { timeout: 60_000 };
const RLO = '\u202e';
const ESC = '\u001b';
const HOSTILE = `<img src=x onerror=alert(1)>${RLO}${ESC}[31m"'><script>alert(2)</script>.onnx`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let browser: Browser;
let slipway: RunningSlipway;
let window: Window;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  browser = await openBrowser();
  slipway = await startSlipway(join(folder.path, 'data'));
  process.stderr.write(`the pictures of the stories: ${PICTURES}\n`);
});

afterAll(async () => {
  await browser.close();
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

beforeEach(async () => {
  window = await openWindow(browser);
  page = window.page;
  page.setDefaultTimeout(WAIT.timeout);
});

afterEach(() => window[Symbol.asyncDispose]());

const open = async () => page.goto(await linkTo(slipway));
const goTo = (hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
const file = (name: string, bytes: Uint8Array) => {
  const path = join(folder.path, name);
  writeFileSync(path, bytes);
  return path;
};
const choose = (...files: readonly string[]) =>
  page.setInputFiles('input[type=file] >> nth=0', [...files]);

describe('the console of a Slipway that has nothing', () => {
  it('is locked for who has no link, and says how to open it', async () => {
    await page.goto(`${slipway.control}/`);
    await page.getByText('This console is locked').waitFor();

    expect(await page.getByText('slipway console', { exact: true }).count()).toBe(1);
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'locked-light');
  });

  it('invites the drop once it is opened, and keeps its code out of the address', async () => {
    await open();
    await page.getByRole('heading', { name: 'Drop a model here' }).waitFor();

    expect(page.url()).not.toContain('open=');
    expect(await faultsOf(page)).toEqual([]);
    expect(window.errors).toEqual([]);
    expect([...window.origins]).toEqual([slipway.control]);
    await picture(page, 'empty-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'empty-dark');
  });

  it('is opened by a link once, and then by another tab that is open', async () => {
    const link = await linkTo(slipway);
    await page.goto(link);
    await page.getByText('Drop a model here').waitFor();
    const second = await window.context.newPage();
    await second.goto(`${slipway.control}/`);
    await second.getByText('Drop a model here').waitFor();

    await using stranger = await openWindow(browser);
    await stranger.page.goto(link);
    await stranger.page.getByText('was used already').waitFor();
    await picture(stranger.page, 'link-used-light');
  });
});

describe('a drop', () => {
  it('is named, sent, and followed through its workflow to its endpoint', async () => {
    await open();
    await choose(file('Digits 2.onnx', addConstantModel({ constant: 1 })));
    await page.getByRole('dialog', { name: 'Deploy a model' }).waitFor();

    expect(await page.getByLabel('Name of the model').inputValue()).toBe('digits-2');
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'drop-light');
    await page.getByLabel('Name of the model').fill('digits');
    await page.getByRole('button', { name: 'Deploy' }).click();
    await page.getByRole('link', { name: 'See how it goes' }).click();
    await page.getByText('It answers at its endpoint.').waitFor();
    await page.locator('.way .done', { hasText: 'Commit deployment' }).waitFor();
    expect(await page.locator('.way .done', { hasText: 'Shift traffic' }).count()).toBe(1);
    expect(await faultsOf(page)).toEqual([]);
    await slipway.settled('digits');
    await picture(page, 'deployment-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'deployment-dark');
    expect(window.errors).toEqual([]);
  });

  it('may be several at once, of which a broken one ends with its reason and what to do', async () => {
    await open();
    await choose(
      file('broken.onnx', unknownOperatorModel()),
      file('digits.onnx', addConstantModel({ constant: 2 })),
    );
    await page.getByText('Becomes version 2 of a model that is there').waitFor();
    await page.getByRole('button', { name: 'Deploy' }).click();
    await slipway.ending('broken', 1);
    await goTo('#/models/broken');
    await page.getByText('did not go live.').waitFor();
    await page.getByRole('link', { name: 'See how it went' }).click();
    await page.getByText('No Op registered for Mystery').first().waitFor();

    expect(await page.getByText('and upload it again').count()).toBeGreaterThan(0);
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'failed-light');
    await slipway.ending('digits', 2);
    await slipway.settled('digits');
  });

  it('takes settings by a form, as JSON that no text can leave', async () => {
    await open();
    await choose(file('formed.onnx', addConstantModel({ constant: 3 })));
    await page.getByText('Settings, all optional').click();
    await page.getByLabel('Memory, in MiB').fill('600');
    await page.getByLabel('Runs on').selectOption('fargate');
    await page.getByRole('button', { name: 'Deploy' }).click();
    await slipway.ending('formed', 1);

    expect(await slipway.get('/models/formed')).toMatchObject({ live: { target: 'fargate' } });
    const row = page.locator('tr', { hasText: 'formed' });
    await row.getByText('$36.04').waitFor();
  });

  it('may be a folder, whose own manifest comes last', async () => {
    const path = join(folder.path, 'boxed');
    mkdirSync(path);
    writeFileSync(join(path, 'model.onnx'), addConstantModel({ constant: 4 }));
    writeFileSync(join(path, '.hidden'), 'not sent');
    await open();
    await page.setInputFiles('input[type=file] >> nth=1', path);
    await page.getByRole('button', { name: 'Deploy' }).click();
    await slipway.ending('boxed', 1);

    const { keys } = (await slipway.get('/objects?prefix=models/boxed')) as { keys: string[] };
    expect(keys).toEqual(['models/boxed/boxed/model.onnx', 'models/boxed/boxed/model.yaml']);
    expect(await slipway.get('/models/boxed')).toMatchObject({ live: { version: 1 } });
  });
});

describe('a model', () => {
  it('shows how it is asked, and why it runs where it runs, in both schemes and on a phone', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () =>
        slipway.infer('digits', {
          inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }],
        }),
      ),
    );
    await open();
    // A page that is loaded again before it has its token has lost it, with the link.
    await page.getByRole('heading', { name: 'Models' }).waitFor();
    for (const [scheme, width] of [
      ['light', 1200],
      ['dark', 1200],
      ['light', 360],
      ['dark', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 760 });
      await page.reload();
      for (const [name, hash, seen] of [
        ['models', '#/', 'formed'],
        ['model', '#/models/digits', 'Time to answer'],
        ['why', '#/models/digits/why', 'A month, idle'],
        ['try', '#/models/digits/try', 'curl'],
        ['logs', '#/models/digits/logs', 'is ready'],
        ['events', '#/events', 'no longer serves'],
      ] as const) {
        await goTo(hash);
        await page.getByText(seen).first().waitFor();
        expect({ name, scheme, width, faults: await faultsOf(page) }).toMatchObject({ faults: [] });
        expect({ name, width, overflow: await overflowOf(page) }).toMatchObject({ overflow: 0 });
        await picture(page, `${name}-${scheme}-${width}`);
      }
    }
    expect(window.errors).toEqual([]);
  });

  it('has what the gate found in its story, and beside the workflow', async () => {
    const { newest } = (await slipway.get('/models/digits')) as { newest: { id: string } };
    await open();
    await goTo('#/models/digits');
    await page.locator('.story', { hasText: 'beside version 1' }).waitFor();
    await goTo(`#/deployments/${newest.id}`);
    await page.getByRole('heading', { name: 'Beside version 1' }).waitFor();

    expect(await page.getByText('drawn requests answered otherwise').count()).toBe(1);
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      expect(await faultsOf(page)).toEqual([]);
      await picture(page, `beside-${scheme}`);
    }
  });

  it('asks nothing of a deployment that has ended, and nothing at all while nobody looks', async () => {
    const { newest } = (await slipway.get('/models/digits')) as { newest: { id: string } };
    await open();
    await goTo(`#/deployments/${newest.id}`);
    await page.locator('.way .done', { hasText: 'Release lease' }).waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const aWhile = () => page.evaluate('new Promise((done) => setTimeout(done, 2500))');
    await aWhile();
    expect(asked).toEqual([]);

    await goTo('#/models/digits/logs');
    await page.getByText('is ready').first().waitFor();
    await page.evaluate(`(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => globalThis.isHidden });
      globalThis.isHidden = true;
      document.dispatchEvent(new Event('visibilitychange'));
    })()`);
    await aWhile();
    asked.length = 0;
    await aWhile();
    expect(asked).toEqual([]);
    const again = page.waitForRequest((request) => request.url().includes('/logs'));
    await page.evaluate(
      `(globalThis.isHidden = false, document.dispatchEvent(new Event('visibilitychange')))`,
    );
    await again;
  });

  it('is rolled back by keyboard alone, behind a question that names what will happen', async () => {
    await open();
    await goTo('#/models/digits');
    await page.getByRole('button', { name: 'Roll back to v1' }).waitFor();
    const pressUntil = async (name: string) => {
      for (let pressed = 0; pressed < 40; pressed += 1) {
        const focused = await page.evaluate('document.activeElement?.textContent?.trim() ?? ""');
        if (focused === name) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`the keyboard does not come to ${name}`);
    };
    await pressUntil('Roll back to v1');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Make version 1 of digits live again?' }).waitFor();
    expect(await page.getByText('Version 2 stops answering').count()).toBe(1);
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'question-light');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);

    await pressUntil('Roll back to v1');
    await page.keyboard.press('Enter');
    // Until it is open, the focus is on the page's button, which has the same name.
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Shift+Tab');
    await pressUntil('Roll back to v1');
    await page.keyboard.press('Enter');
    await slipway.ending('digits', 3);
    await page.getByText('Version 1 on').waitFor();
    await slipway.settled('digits');
  });

  it('is one of two hundred in a table that stays quick', async () => {
    const { models } = (await slipway.get('/models')) as { models: { name: string }[] };
    const many = Array.from({ length: 200 }, (_, index) => ({
      ...models[index % models.length],
      name: `model-${String(index).padStart(3, '0')}`,
    }));
    await page.route(
      (url) => url.pathname === '/models',
      (route) => route.fulfill({ json: { models: many } }),
    );
    await open();
    await page.getByText('model-000').waitFor();
    const search = page.getByLabel('Search models by name');
    await search.fill('model-19');
    await page.getByText('model-199').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(10);
    await search.fill('');
    const drawnMs = await page.evaluate<number>(
      `new Promise((done) => {
        const began = performance.now();
        const input = document.querySelector('input[type=search]');
        input.value = '1';
        input.dispatchEvent(new InputEvent('input', { bubbles: true }));
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
      })`,
    );

    expect(drawnMs).toBeLessThan(1000);
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'many-light');
  });
});

describe('what is hostile', () => {
  it('stays text: names and reasons with markup, escapes and marks that turn the text around', async () => {
    const key = HOSTILE.replaceAll('/', '');
    await slipway.api(`/objects/${encodeURIComponent(key)}`, { method: 'PUT', body: 'x' });
    await open();
    await page.getByText('Not taken').waitFor();

    expect(
      await page.getByText('<img src=x onerror=alert(1)><U+202E><U+001B>').count(),
    ).toBeGreaterThan(0);
    expect(await page.locator('main img, main script').count()).toBe(0);
    await picture(page, 'hostile-light');
    await goTo('#/events');
    await page.getByText('<U+202E>').first().waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await goTo(`#/models/${encodeURIComponent(HOSTILE)}`);
    await page.getByText('No model is called <img').waitFor();
    expect(window.errors).toEqual([]);
  });

  it('is a page of a model, which finds no way to the console: no token, no frame, no answer', async () => {
    // The gateway's answers have another port than the console, as those of this server.
    const server = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>a model</title>'),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await open();
    await page.getByRole('heading', { name: 'Models' }).waitFor();
    const hostile = await window.context.newPage();
    await hostile.goto(`http://127.0.0.1:${port}/models/evil/`);

    const found = await hostile.evaluate<Record<string, string>>(`(async () => {
      const control = ${JSON.stringify(slipway.control)};
      const asked = (path, init) => fetch(control + path, init).then((it) => it.text(), () => 'refused');
      const heard = await new Promise((done) => {
        const tabs = new BroadcastChannel('slipway');
        tabs.onmessage = ({ data }) => done(JSON.stringify(data));
        tabs.postMessage('asks');
        setTimeout(() => done('nothing'), 500);
      });
      const frame = document.createElement('iframe');
      frame.src = control + '/';
      document.body.append(frame);
      await new Promise((done) => { frame.onload = done; setTimeout(done, 2000); });
      let framed = 'refused';
      try { framed = frame.contentDocument?.title ?? 'refused'; } catch {}
      return {
        kept: sessionStorage.getItem('slipway-token') ?? localStorage.getItem('slipway-token') ?? 'nothing',
        heard,
        framed,
        models: await asked('/models'),
        session: await asked('/console/sessions?code=x', { method: 'POST' }),
        page: await asked('/console/app/main.ts'),
        cookies: document.cookie,
      };
    })()`);
    server.close();

    expect(found).toEqual({
      kept: 'nothing',
      heard: 'nothing',
      framed: 'refused',
      models: 'refused',
      session: 'refused',
      page: 'refused',
      cookies: '',
    });
  });
});

describe('what one sees', () => {
  it('goes on when Slipway is killed and started again, with the story of before', async () => {
    await open();
    await goTo('#/models/digits/events');
    await page.getByText('no longer serves').first().waitFor();
    const { control, gateway, dataDir } = slipway;
    await slipway.kill();
    await page.getByText('no answer; trying again').waitFor();
    await picture(page, 'lost-light');
    slipway = await startSlipway(dataDir, {
      config: {
        controlPort: Number(new URL(control).port),
        gatewayPort: Number(new URL(gateway).port),
      },
    });
    await page.getByText('live', { exact: true }).first().waitFor();
    await page.reload();
    await page.getByText('no longer serves').first().waitFor();
    const { newest } = (await slipway.get('/models/digits')) as { newest: { id: string } };
    await goTo(`#/deployments/${newest.id}`);

    await page.locator('.way .done', { hasText: 'Commit' }).waitFor();
    expect(window.errors).toEqual([]);
  });

  it('is there at once: the first paint, and all that is loaded for it', async () => {
    await open();
    await page.getByRole('heading', { name: 'Models' }).waitFor();
    const { paintMs, bytes } = await page.evaluate<{ paintMs: number; bytes: number }>(`({
      paintMs: performance.getEntriesByName('first-paint')[0]?.startTime ?? 0,
      bytes: performance.getEntriesByType('resource').reduce((sum, { transferSize }) => sum + transferSize, 0),
    })`);

    process.stderr.write(
      `first paint after ${Math.round(paintMs)} ms, ${Math.round(bytes / 1000)} kB\n`,
    );
    expect(bytes).toBeLessThan(150_000);
  });
});
