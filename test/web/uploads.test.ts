import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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
import { addConstantModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const MIB = 2 ** 20;
const SIZE = 24 * MIB;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let browser: Browser;
let slipway: RunningSlipway;
let window: Window;
let page: Page;
/** Where the pieces that the page sent began. */
let offsets: number[];

beforeAll(async () => {
  folder = await temporaryFolder();
  browser = await openBrowser();
  slipway = await startSlipway(join(folder.path, 'data'));
});

afterAll(async () => {
  await browser.close();
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

beforeEach(async () => {
  window = await openWindow(browser);
  page = window.page;
  page.setDefaultTimeout(60_000);
  offsets = [];
  before = kept();
  page.on('request', (request) => {
    const offset = new URL(request.url()).searchParams.get('offset');
    if (request.method() === 'PUT' && offset !== null) offsets.push(Number(offset));
  });
  await page.goto(await linkTo(slipway));
  await page.getByRole('heading', { name: 'Models' }).waitFor();
});

afterEach(() => window[Symbol.asyncDispose]());

/** A small model with a large description: the field `doc_string` of its ModelProto. */
function largeModel(constant: number): Buffer {
  const length = [];
  for (let rest = SIZE; rest > 0; rest = Math.floor(rest / 128))
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
  return Buffer.concat([
    addConstantModel({ constant }),
    Buffer.from([(6 << 3) | 2, ...length]),
    Buffer.alloc(SIZE, 'a'),
  ]);
}

function file(path: string, bytes: Uint8Array): string {
  const full = join(folder.path, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, bytes);
  return full;
}

async function slow(isSlow: boolean): Promise<void> {
  const devtools = await window.context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: isSlow ? 4 * MIB : -1,
  });
}

const deploy = async (input: number, path: string) => {
  await page.setInputFiles(`input[type=file] >> nth=${input}`, path);
  await page.getByRole('button', { name: 'Deploy' }).click();
};

/** How much of the uploads lay in the data folder when the test began. */
let before: number;

function kept(): number {
  const uploads = join(slipway.dataDir, 'uploads');
  const sizes = readdirSync(uploads).map((name) => statSync(join(uploads, name)).size);
  return sizes.reduce((all, size) => all + size, 0);
}

/** How much of its own uploads lies there, once that is more than `bytes`. */
async function arrived(bytes: number): Promise<number> {
  for (;;) {
    const own = kept() - before;
    if (own > bytes) return own;
    await page.evaluate('new Promise((done) => setTimeout(done, 50))');
  }
}

async function restarted(): Promise<void> {
  const { control, gateway, dataDir } = slipway;
  slipway = await startSlipway(dataDir, {
    config: {
      controlPort: Number(new URL(control).port),
      gatewayPort: Number(new URL(gateway).port),
    },
  });
}

describe('an upload', () => {
  it('goes on where it was when Slipway is killed in the middle of it and started again', async () => {
    await slow(true);
    await deploy(0, file('large.onnx', largeModel(1)));
    await arrived(6 * MIB);
    await slipway.kill();
    await page.getByText('the connection was lost; trying again').waitFor();
    await picture(page, 'upload-lost-light');
    await slow(false);
    await restarted();
    await slipway.ending('large', 1);

    expect(offsets[0]).toBe(0);
    expect(offsets.at(-1)).toBeGreaterThan(4 * MIB);
    expect(await slipway.get('/models/large')).toMatchObject({ live: { version: 1 } });
    expect(readdirSync(join(slipway.dataDir, 'uploads'))).toEqual([]);
    expect(window.errors).toEqual([]);
  });

  it('of a folder goes on after the page was loaded again, once the folder is chosen again', async () => {
    file('boxed/README.md', Buffer.from('small'));
    const path = join(file('boxed/model.onnx', largeModel(2)), '..');
    await slow(true);
    await deploy(1, path);
    await arrived(6 * MIB);
    await page.reload();
    await page.getByText('Drop or choose the same folder again').waitFor();

    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'upload-interrupted-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await faultsOf(page)).toEqual([]);
    await picture(page, 'upload-interrupted-dark');
    await slow(false);
    await page.setInputFiles('input[type=file] >> nth=1', path);
    await page.getByRole('link', { name: 'See how it goes' }).waitFor();
    // Meanwhile the first of its files may have been told of as one without a model.
    await slipway.told('boxed', ({ state }) => state === 'Live');

    expect(offsets).toHaveLength(2);
    expect(offsets[1]).toBeGreaterThan(4 * MIB);
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('of another file by the same name begins anew, and asks for its name', async () => {
    await slow(true);
    await deploy(0, file('changed.onnx', largeModel(3)));
    await arrived(6 * MIB);
    await page.reload();
    await page.getByText('Drop or choose the same file again').waitFor();
    await slow(false);
    await deploy(0, file('changed.onnx', addConstantModel({ constant: 4 })));
    await slipway.ending('changed', 1);

    expect(await slipway.get('/models/changed')).toMatchObject({ live: { version: 1 } });
  });

  it('of another file by the same name and size begins anew, also where a form was filled in', async () => {
    await slow(true);
    const path = file('formed.onnx', largeModel(7));
    await page.setInputFiles('input[type=file] >> nth=0', path);
    await page.getByText('Settings, all optional').click();
    await page.getByLabel('Memory, in MiB').fill('600');
    await page.getByRole('button', { name: 'Deploy' }).click();
    await arrived(6 * MIB);
    await page.reload();
    await page.getByText('Drop or choose the same file again').waitFor();
    utimesSync(file('formed.onnx', largeModel(8)), 1, 1);
    await page.setInputFiles('input[type=file] >> nth=0', path);

    await page.getByRole('dialog', { name: 'Deploy a model' }).waitFor();
    expect(offsets).toEqual([0]);
  });

  // A browser compares the times of files by whole seconds, and a test writes faster.
  const ANOTHER_TIME = 1;
  const changes = [
    ['is cut', (path: string) => truncateSync(path, 3 * MIB)],
    ['gets other bytes', (path: string) => writeFileSync(path, largeModel(10))],
  ] as const;

  it.each(changes)(
    'of a file that %s while it is sent ends, and says what to do',
    async (_what, change) => {
      await slow(true);
      const path = file('growing.onnx', largeModel(9));
      await deploy(0, path);
      await arrived(2 * MIB);
      change(path);
      utimesSync(path, ANOTHER_TIME, ANOTHER_TIME);

      await endsAsChanged();
      await picture(page, 'upload-changed-light');
    },
  );

  it('of a file that is gone when the connection is back ends, and says what to do', async () => {
    await slow(true);
    const path = file('growing.onnx', largeModel(9));
    await deploy(0, path);
    await arrived(2 * MIB);
    await slipway.kill();
    rmSync(path);
    await restarted();

    await endsAsChanged();
  });

  it('of a file that only grows meanwhile has the bytes that were chosen', async () => {
    await slow(true);
    const path = file('appended.onnx', largeModel(11));
    await deploy(0, path);
    await arrived(2 * MIB);
    appendFileSync(path, 'more');
    await slow(false);
    await slipway.ending('appended', 1);

    expect(await slipway.get('/models/appended')).toMatchObject({ live: { version: 1 } });
  });

  async function endsAsChanged(): Promise<void> {
    await page.getByText('growing.onnx was changed, moved or removed').waitFor();
    expect(await page.getByText('not taken').count()).toBe(1);
    expect(await page.getByText('Drop it again once it is whole').count()).toBe(1);
    expect(await faultsOf(page)).toEqual([]);
    expect(kept() - before).toBeLessThan(SIZE);
  }

  it('is one of several at once, each with its own progress, of which one is stopped', async () => {
    await slow(true);
    await page.setInputFiles('input[type=file] >> nth=0', [
      file('first.onnx', largeModel(5)),
      file('second.onnx', largeModel(6)),
    ]);
    await page.getByRole('button', { name: 'Deploy' }).click();
    await arrived(2 * MIB);
    expect(await page.getByRole('img', { name: '% uploaded' }).count()).toBe(2);
    await picture(page, 'uploads-light');
    await page.getByRole('button', { name: 'Stop the upload of first.onnx' }).click();
    await slow(false);
    await slipway.ending('second', 1);

    expect(await page.getByText('stopped').count()).toBe(1);
    expect(await slipway.get('/models/second')).toMatchObject({ live: { version: 1 } });
  });

  it('of many leaves the browser connections for what else the page asks', async () => {
    await slow(true);
    const names = Array.from({ length: 7 }, (_, at) => `many-${at}.onnx`);
    const paths = names.map((name, at) => file(name, largeModel(20 + at)));
    await page.setInputFiles('input[type=file] >> nth=0', paths);
    await page.getByRole('button', { name: 'Deploy' }).click();
    await arrived(2 * MIB);

    expect(await page.getByText('waits for its turn').count()).toBe(4);
    await page.evaluate("location.hash = '#/models/second/why'");
    await page.getByRole('heading', { name: 'What was found' }).waitFor({ timeout: 5000 });
    await page.goBack();
    await page.getByRole('button', { name: 'Stop the upload of many-6.onnx' }).click();
    expect(await page.getByText('waits for its turn').count()).toBe(3);
    await slow(false);
    for (const at of [0, 1, 2, 3, 4, 5]) await slipway.ending(`many-${at}`, 1);
    expect(await slipway.api('/models/many-6')).toMatchObject({ status: 404 });
  });
});
