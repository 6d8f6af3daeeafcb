import { readFile } from 'node:fs/promises';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import {
  faultsOf,
  openBrowser,
  openWindow,
  overflowOf,
  picture,
  type Window,
} from '../support/browser/browser.ts';
import { wav } from '../support/browser/wav.ts';
import { type GatewayWorld, gatewayWorld } from '../support/gateway/world.ts';

const WHOLE_PAGE = new URL(
  '../../runtimes/python/slipway_server/protocols/page.html',
  import.meta.url,
);

// Each would be more than text, if a page let it.
const HOSTILE = [
  '<img src=x onerror="document.title=\'owned\'">',
  '<script>document.title="owned"</script>',
  '</script><svg onload=document.title="owned">',
  'a\u202egnp.exe',
  '\u001b[31mred\u001b[0m',
  '"\'><a href=javascript:alert(1)>x',
];

const PICTURE = new URL('../fixtures/images/rgb.png', import.meta.url);

/** Half a second of a tone. */
function tone(rate: number): Buffer {
  return wav(
    Int16Array.from({ length: rate / 2 }, (_, at) => Math.sin(at / 5) * 16_384),
    rate,
  );
}

type Model = {
  readonly about: object;
  readonly example?: unknown;
  readonly document?: object;
  readonly answers: (
    body: string,
    request: IncomingMessage,
  ) => { status?: number; json: unknown } | string[];
};

/** A model's server, as far as a page asks it; an answer that is a list is a stream. */
function serverOf(
  { about, example, document, answers }: Model,
  seen: string[] = [],
): RequestListener {
  return async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const say = (status: number, json: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    if (request.method === 'POST') {
      seen.push(body);
      const answer = answers(body, request);
      if (!Array.isArray(answer)) return say(answer.status ?? 200, answer.json);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of answer) response.write(`data: ${event}\n\n`);
      return response.end('data: [DONE]\n\n');
    }
    if (request.url?.endsWith('/openapi.json')) return say(200, document ?? {});
    if (!request.url?.endsWith('/example.json')) return say(200, about);
    return example === undefined ? say(404, { error: 'none' }) : say(200, example);
  };
}

const IRIS: Model = {
  about: {
    name: 'iris',
    inputs: [
      { name: 'length', datatype: 'FP64', shape: [-1] },
      { name: HOSTILE[0], datatype: 'BYTES', shape: [-1] },
    ],
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: [-1] },
      { name: 'probabilities', datatype: 'FP64', shape: [-1, HOSTILE.length], labels: HOSTILE },
    ],
  },
  example: { inputs: { length: [5.1], [String(HOSTILE[0])]: ['Mitte'] } },
  answers: (body) => {
    const rows: unknown[] = JSON.parse(body).inputs;
    const row = HOSTILE.map((_, at) => (at === 0 ? 0.5 : 0.1));
    return {
      json: {
        predictions: { label: rows.map(() => HOSTILE[0]), probabilities: rows.map(() => row) },
      },
    };
  },
};

describe('the page of a model in a browser', () => {
  let browser: Browser;
  let world: GatewayWorld;
  let window: Window;
  let page: Page;
  let asked: string[];
  let stories = 0;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    world = await gatewayWorld();
    window = await openWindow(browser, { width: 360 });
    page = window.page;
    asked = [];
    page.on('request', (request) => asked.push(request.url()));
  });
  afterEach(async () => {
    stories += 1;
    await picture(page, `try-${stories}`);
    const { errors } = window;
    await window[Symbol.asyncDispose]();
    await world.close();
    expect(errors).toEqual([]);
  });

  async function opened(model: Model, seen: string[] = [], name = 'm') {
    await world.route(name, { [`${name}-v1`]: 1 });
    await world.revisions.serve(`${name}-v1`, serverOf(model, seen));
    await page.goto(`${world.gateway.origin}/models/${name}`);
    await page.waitForSelector('.try');
  }

  const answer = () => page.locator('.try-answers article').first();

  it('has a form with the example, and sends it at Enter', async () => {
    const seen: string[] = [];
    await opened(IRIS, seen);

    await page.getByLabel('length').press('Enter');
    await answer().waitFor();

    expect(JSON.parse(seen[0] ?? '')).toEqual({
      inputs: [{ length: 5.1, [String(HOSTILE[0])]: 'Mitte' }],
    });
    expect(await answer().textContent()).toContain('50.0 %');
  });

  it('shows every name of a hostile model as text, with what cannot be seen written out', async () => {
    await opened(IRIS);

    await page.getByRole('button', { name: 'Send' }).click();
    await answer().waitFor();

    const shown = (await page.locator('.try-bars').textContent()) ?? '';
    expect(shown).toContain(HOSTILE[0]);
    expect(shown).toContain(HOSTILE[1]);
    expect(shown).toContain('a<U+202E>gnp.exe');
    expect(shown).toContain('<U+001B>[31mred');
    expect(await page.title()).toBe('m');
    expect(await page.locator('img, svg, .try a[href^=javascript]').count()).toBe(0);
    expect(await page.locator('.try-code').textContent()).not.toMatch(/\p{Cf}/u);
  });

  it('takes a table that is pasted, and answers with one', async () => {
    const seen: string[] = [];
    await opened(IRIS, seen);

    await page.getByRole('button', { name: 'Paste a table' }).click();
    await page.locator('textarea').fill('length\tother\n4\tx\n5\ty\n');
    await page.getByRole('button', { name: 'Take these rows' }).click();
    expect(await page.getByRole('status').textContent()).toContain('The model has no “other”');
    await page.getByRole('button', { name: 'Send' }).click();
    await answer().waitFor();

    expect(
      JSON.parse(seen[0] ?? '').inputs.map(({ length }: { length: number }) => length),
    ).toEqual([4, 5]);
    expect(await answer().locator('tbody tr').count()).toBe(2);
  });

  it('says the model’s own words when it refuses', async () => {
    await opened({
      ...IRIS,
      answers: () => ({ status: 400, json: { error: `no <b>number</b>${HOSTILE[3]}` } }),
    });

    await page.getByRole('button', { name: 'Send' }).click();

    const told = await page.getByRole('alert').textContent();
    expect(told).toContain('Status 400');
    expect(told).toContain('no <b>number</b>a<U+202E>gnp.exe');
  });

  it('has a chat that grows as the model writes, and stays text', async () => {
    const seen: string[] = [];
    const said = ['Ahoy', ' <b>there</b>'].map((content) =>
      JSON.stringify({ choices: [{ delta: { content } }] }),
    );
    await opened(
      {
        about: {
          name: 'm',
          paths: { 'POST /v1/chat/completions': '', 'POST /v1/completions': '' },
        },
        example: { messages: [] },
        answers: () => said,
      },
      seen,
    );

    await page.getByLabel('Message').fill('Hello');
    await page.keyboard.press('Enter');
    await page.getByText('Ahoy <b>there</b>', { exact: true }).waitFor();
    await page.getByLabel('Message').fill('And then?');
    await page.keyboard.press('Enter');
    await page.locator('.try-said.assistant').nth(1).waitFor();

    expect(JSON.parse(seen[1] ?? '')).toMatchObject({
      model: 'm',
      stream: true,
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Ahoy <b>there</b>' },
        { role: 'user', content: 'And then?' },
      ],
    });
  });

  it('has a pad to draw on for small grey pictures', async () => {
    const seen: string[] = [];
    await opened(
      {
        about: {
          name: 'm',
          inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 28, 28] }],
          outputs: [],
        },
        answers: () => ({ json: { predictions: [7] } }),
      },
      seen,
    );
    const box = await page.locator('canvas').boundingBox();
    const [left, top, side] = [box?.x ?? 0, box?.y ?? 0, box?.width ?? 0];

    await page.mouse.move(left + side / 2, top + side / 4);
    await page.mouse.down();
    await page.mouse.move(left + side / 2, top + (side * 3) / 4, { steps: 5 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Send' }).click();
    await answer().waitFor();

    const [picture] = JSON.parse(seen[0] ?? '').inputs.x;
    expect([picture.length, picture[0].length]).toEqual([28, 28]);
    expect(picture[14][14]).toBeGreaterThan(0.9);
    expect(picture[0][0]).toBe(0);
  });

  it('shows boxes on the picture that was dropped', async () => {
    const box = { xmin: 4, ymin: 4, xmax: 20, ymax: 30 };
    await opened({
      about: { name: 'm', inputs: [], outputs: [] },
      document: {
        paths: { '/invocations': { post: { requestBody: { content: { 'image/png': {} } } } } },
      },
      answers: (_, { headers }) => ({
        json: [{ label: headers['content-type'], score: 0.9, box }],
      }),
    });

    await page.setInputFiles('input[type=file]', fileURLToPath(PICTURE));
    await page.getByRole('button', { name: 'Send' }).click();
    await answer().locator('.try-boxes rect').waitFor({ state: 'attached' });

    expect(await answer().locator('.try-bars').textContent()).toContain('image/png');
    const natural = await answer()
      .locator('img')
      .evaluate((img: { naturalWidth: number; naturalHeight: number }) => [
        img.naturalWidth,
        img.naturalHeight,
      ]);
    expect(await answer().locator('svg').getAttribute('viewBox')).toBe(`0 0 ${natural.join(' ')}`);
  });

  it('makes a tensor of a sound, at the rate of the model', async () => {
    const seen: string[] = [];
    await opened(
      {
        about: {
          name: 'm',
          inputs: [{ name: 'audio', datatype: 'FP32', shape: [1, -1] }],
          outputs: [],
        },
        answers: () => ({ json: { predictions: [0.5] } }),
      },
      seen,
    );

    const sound = { name: 'a.wav', mimeType: 'audio/wav', buffer: tone(8000) };
    await page.setInputFiles('input[type=file]', sound);
    await page.getByText('sent as 0.5 s').waitFor();
    await page.getByRole('button', { name: 'Send' }).click();
    await answer().waitFor();

    const [samples] = JSON.parse(seen[0] ?? '').inputs.audio;
    expect(samples).toHaveLength(8000);
    // A new rate overshoots a little where the sound begins.
    expect(Math.max(...samples)).toBeGreaterThan(0.45);
    expect(Math.max(...samples)).toBeLessThan(0.6);
  });

  it('asks two revisions the same beside each other', async () => {
    const beside = async () => {
      await page.getByRole('button', { name: 'Send' }).click();
      await page.locator('.try-answers[aria-busy=false] article').nth(1).waitFor();
      return page.locator('.try-answers article .try-value').allTextContents();
    };
    await world.route('m', { 'm-v1': 9, 'm-v2': 1 });
    const says = (label: string): Model => ({
      ...IRIS,
      answers: () => ({ json: { predictions: [label] } }),
    });
    await world.revisions.serve('m-v1', serverOf(says('one')));
    await world.revisions.serve('m-v2', serverOf(says('two')));
    await page.goto(`${world.gateway.origin}/models/m`);

    await page.getByLabel('Compare with').selectOption('m-v2');
    const texts = await beside();
    await page.getByLabel('Compare with').selectOption('m-v1');

    expect(texts).toEqual([expect.stringContaining('one'), expect.stringContaining('two')]);
    expect(await beside()).toEqual([
      expect.stringContaining('two'),
      expect.stringContaining('one'),
    ]);
  });

  it('talks to two revisions at once, each of which goes on from its own answers', async () => {
    await page.setViewportSize({ width: 1000, height: 760 });
    await world.route('m', { 'm-v1': 9, 'm-v2': 1 });
    const seen: Record<string, string[]> = { 'm-v1': [], 'm-v2': [] };
    for (const [revision, bodies] of Object.entries(seen)) {
      const talker: Model = {
        about: { name: 'm', paths: { 'POST /v1/chat/completions': '' } },
        answers: (body) => {
          const turn = JSON.parse(body).messages.length;
          if (revision === 'm-v2' && turn > 1)
            return { status: 400, json: { error: 'too <b>long' } };
          return ['This is ', revision, HOSTILE[3]].map((content) =>
            JSON.stringify({ choices: [{ delta: { content } }] }),
          );
        },
      };
      await world.revisions.serve(revision, serverOf(talker, bodies));
    }
    const say = async (text: string) => {
      await page.getByLabel('Message').fill(text);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Send' }).waitFor();
    };
    await page.goto(`${world.gateway.origin}/models/m`);
    await page.getByLabel('Compare with').selectOption('m-v2');
    await say('Who?');
    await say('And then?');

    const asked = (bodies: readonly string[] = []) =>
      bodies.map((body) =>
        JSON.parse(body).messages.map(({ content }: { content: string }) => content),
      );
    const one = `This is m-v1${HOSTILE[3]}`;
    const two = `This is m-v2${HOSTILE[3]}`;
    expect(asked(seen['m-v1'])).toEqual([['Who?'], ['Who?', one, 'And then?']]);
    expect(asked(seen['m-v2'])).toEqual([['Who?'], ['Who?', two, 'And then?']]);
    expect(await page.locator('.try-said .label').allTextContents()).toEqual([
      'm-v1',
      'm-v2',
      'm-v1',
      'm-v2',
    ]);
    expect(await page.getByText('This is m-v2a<U+202E>gnp.exe').count()).toBe(1);
    expect(await page.getByRole('alert').textContent()).toBe('too <b>long');
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'chat-side-by-side-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await faultsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 760 });
    expect(await overflowOf(page)).toBe(0);
  });

  it('is whole behind a proxy that publishes it below a prefix, and says that address', async () => {
    await world.route('m', { 'm-v1': 1 });
    await world.revisions.serve('m-v1', serverOf(IRIS));
    const { port } = new URL(world.gateway.origin);
    const proxy = createServer((request, response) => {
      const path = request.url?.replace(/^\/ml/, '') ?? '/';
      const passed = forward(
        { port, path, method: request.method, headers: request.headers },
        (got) => {
          response.writeHead(got.statusCode ?? 502, got.headers);
          got.pipe(response);
        },
      );
      request.pipe(passed);
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    const own = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/ml/models/m`;

    await page.goto(own);
    await page.getByRole('button', { name: 'Send' }).click();
    await answer().waitFor();

    expect(await page.locator('.try-code').textContent()).toContain(`curl ${own}/invocations`);
    expect(asked.filter((url) => !url.startsWith(own) && !url.endsWith('/ml/models'))).toEqual([]);
    proxy.close();
  });

  it.each(['light', 'dark'] as const)(
    'has no finding of axe in the %s scheme, and no line wider than a telephone',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await opened(IRIS);
      await page.getByRole('button', { name: 'Send' }).click();
      await answer().waitFor();

      expect(await faultsOf(page)).toEqual([]);
      expect(await overflowOf(page)).toBe(0);
    },
  );

  it('as one file, as a model’s server in an account has it, asks for a key and keeps it in the tab', async () => {
    const html = await readFile(WHOLE_PAGE);
    const keys: (string | undefined)[] = [];
    const model = serverOf(IRIS);
    const server = createServer((request, response) => {
      if (request.headers.accept?.includes('text/html'))
        return response.writeHead(200, { 'content-type': 'text/html' }).end(html);
      keys.push(request.headers.authorization);
      if (request.headers.authorization === 'Bearer right') return model(request, response);
      const said = JSON.stringify({ message: 'Unauthorized' });
      return response.writeHead(401, { 'content-type': 'application/json' }).end(said);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prod/models/m`;

    await page.goto(`${own}/`);
    await page.getByLabel('API key').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await page.getByLabel('API key').fill('right');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.try');
    await page.reload();
    await page.getByRole('button', { name: 'Send' }).click();
    await answer().waitFor();

    expect(keys.slice(0, 2)).toEqual([undefined, 'Bearer wrong']);
    expect(keys.at(-1)).toBe('Bearer right');
    const code = await page.locator('.try-code').textContent();
    expect(code).toContain(`${own}/invocations`);
    expect(code).toContain('$SLIPWAY_KEY');
    expect(code).not.toContain('right');
    server.close();
  });
});
