import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { objectStore } from '#adapters/local/bucket/object-store.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { type FakeTimers, fakeTimers } from '../../../support/clock/fake-timers.ts';
import {
  BUCKET,
  type BucketFolder,
  bucketFolder,
  keyOf,
  type Opened,
  upload,
} from '../../../support/local/bucket-folder.ts';

const MANIFEST = 'models/mine/v1/model.yaml';
const ALL = { limit: 1, isWanted: () => true };

let folder: BucketFolder;
let timers: FakeTimers;
beforeEach(async () => {
  folder = await bucketFolder();
  timers = fakeTimers();
});
afterEach(() => folder.close());

function announced({ events }: Opened): readonly string[] {
  return events.map(keyOf);
}

/** Until the folder has been seen twice with a second between. */
async function quietSecond(): Promise<void> {
  await eventually(() => timers.leftMs().some((ms) => ms > 500));
  timers.advance(1000);
}

describe('a folder that is a model and has no model.yaml', () => {
  it.each(['predict.py', 'MLmodel', 'saved_model.pb'])(
    'is taken by its %s once it has not changed for a second',
    async (name) => {
      const opened = await folder.watched({ timers });
      await folder.moveIn('models/mine/v1/weights.bin', 'weights');
      await folder.moveIn(`models/mine/v1/${name}`, 'def predict(x): return x');

      await quietSecond();

      await eventually(() => announced(opened).includes(MANIFEST));
      expect(await readFile(folder.path(MANIFEST), 'utf8')).toBe('');
      expect(announced(opened).filter((key) => key === MANIFEST)).toHaveLength(1);
    },
  );

  it('is not taken while files still come', async () => {
    const opened = await folder.watched({ timers });
    await folder.moveIn('models/mine/v1/predict.py', 'def predict(x): return x');
    await eventually(() => timers.leftMs().some((ms) => ms > 500));
    timers.advance(900);
    await folder.moveIn('models/mine/v1/weights.bin', 'weights');

    timers.advance(100);
    await eventually(() => timers.leftMs().some((ms) => ms > 900));

    expect(announced(opened)).toEqual([]);
    timers.advance(1000);
    await eventually(() => announced(opened).includes(MANIFEST));
  });

  it('is started by its model.yaml alone where that comes meanwhile', async () => {
    const opened = await folder.watched({ timers });
    await folder.moveIn('models/mine/v1/predict.py', 'def predict(x): return x');
    await eventually(() => timers.leftMs().some((ms) => ms > 500));

    await folder.moveIn(MANIFEST, 'runtime: { network: open }');
    await eventually(() => announced(opened).includes(MANIFEST));
    timers.advance(2000);

    await eventually(
      () =>
        announced(opened).includes('models/mine/v1/predict.py') || (timers.advance(1000), false),
    );
    expect(announced(opened).filter((key) => key === MANIFEST)).toHaveLength(1);
    expect(await readFile(folder.path(MANIFEST), 'utf8')).toContain('network');
  });
});

it('a folder of other files is told of once nothing has come for five seconds, and starts nothing', async () => {
  const opened = await folder.watched({ timers });
  await folder.moveIn('models/mine/v1/weights.bin', 'weights');

  for (let second = 1; second < 5; second += 1) await quietSecond();
  await eventually(() => timers.leftMs().some((ms) => ms > 500));
  expect(announced(opened)).toEqual([]);
  await quietSecond();

  await eventually(() => announced(opened).length > 0);
  expect(announced(opened)).toEqual(['models/mine/v1/weights.bin']);
});

it('a folder becomes a model as soon as the file that makes it one is there for a second', async () => {
  const opened = await folder.watched({ timers });
  await folder.moveIn('models/mine/v1/weights.bin', 'weights');
  await quietSecond();
  await quietSecond();
  await eventually(() => timers.leftMs().some((ms) => ms > 500));

  await folder.moveIn('models/mine/v1/predict.py', 'def predict(x): return x');
  await quietSecond();
  await quietSecond();

  await eventually(() => announced(opened).includes(MANIFEST));
});

it('nothing of a folder is astray while a file of it is being uploaded', async () => {
  const opened = await folder.watched({ timers });
  const slow = new PassThrough();
  await upload(opened, 'models/mine/v1/predict.py', 'def predict(x): return x');
  const uploaded = opened.store.put('models/mine/v1/weights.bin', slow);
  for (let second = 0; second < 9; second += 1) await quietSecond();
  await eventually(() => timers.leftMs().some((ms) => ms > 500));
  expect(announced(opened)).toEqual([]);

  slow.end('weights');
  await uploaded;
  await upload(opened, MANIFEST, '');

  expect(announced(opened)).toEqual([MANIFEST]);
});

it.each([
  ['code', { 'predict.py': 'def predict(x): return x', 'weights.pkl': 'weights' }],
  ['an MLflow model', { 'model.pkl': 'model', 'input_example.json': '{}', MLmodel: 'flavors:' }],
  ['a SavedModel', { 'variables/variables.index': 'index', 'saved_model.pb': 'graph' }],
  ['code over a model', { 'bert/config.json': '{}', 'bert/a.onnx': 'net', 'predict.py': '' }],
])('the model’s own folder is taken as one where it is %s', async (_what, files) => {
  const opened = await folder.watched({ timers });
  for (const [name, text] of Object.entries(files).toReversed()) {
    await folder.moveIn(`models/mine/${name}`, text);
  }

  await eventually(
    () => announced(opened).length > Object.keys(files).length || (timers.advance(1000), false),
  );

  expect(announced(opened)[0]).toBe('models/mine/model.yaml');
  expect(announced(opened).filter((key) => key.endsWith('model.yaml'))).toHaveLength(1);
});

it.each(['', 'v1/'])(
  'a folder that was taken without a manifest is taken again when a file of it is changed (models/mine/%s)',
  async (inner) => {
    const opened = await folder.watched({ timers });
    const manifest = `models/mine/${inner}model.yaml`;
    const started = () => announced(opened).filter((key) => key === manifest).length;
    await folder.moveIn(`models/mine/${inner}predict.py`, 'def predict(x): return x');
    await eventually(() => announced(opened).length === 2 || (timers.advance(1000), false));
    expect(started()).toBe(1);

    await folder.moveIn(`models/mine/${inner}predict.py`, 'def predict(x): return [x]');

    await eventually(() => announced(opened).length === 4 || (timers.advance(1000), false));
    expect(started()).toBe(2);
  },
);

it('a folder with a manifest that says something is taken again by that alone', async () => {
  const opened = await folder.watched({ timers });
  await folder.moveIn(MANIFEST, 'runtime: { network: open }');
  await folder.moveIn('models/mine/v1/predict.py', 'def predict(x): return x');
  await eventually(() => announced(opened).length === 2 || (timers.advance(1000), false));

  await folder.moveIn('models/mine/v1/predict.py', 'def predict(x): return [x]');

  await eventually(() => announced(opened).length === 3 || (timers.advance(1000), false));
  expect(announced(opened).filter((key) => key === MANIFEST)).toHaveLength(1);
});

it('a file that is a model by itself is told of at once where its folder is none', async () => {
  const opened = await folder.watched({ timers });
  await folder.moveIn('models/mine/README.md', 'a model of mine');
  await folder.moveIn('models/mine/model.onnx', 'net');

  await eventually(() => announced(opened).includes('models/mine/model.onnx'));
});

it('what Python leaves beside code that it ran is no file of the bucket', async () => {
  const opened = await folder.watched({ timers });
  await folder.moveIn('models/mine/__pycache__/predict.cpython-312.pyc', 'bytecode');
  await folder.moveIn('models/mine/model.onnx', 'net');

  await eventually(() => announced(opened).includes('models/mine/model.onnx'));

  expect(await opened.store.list('bucket', 'models/mine/__pycache__/', ALL)).toEqual([]);
});

it('a file of a folder is told of once nothing more has been uploaded there for a second', async () => {
  const opened = await folder.watched({ timers });
  await upload(opened, 'models/mine/v1/predict.py', 'def predict(x): return x');
  expect(announced(opened)).toEqual([]);
  await eventually(() => timers.leftMs().some((ms) => ms > 500));

  await upload(opened, MANIFEST, '');

  expect(announced(opened)).toEqual([MANIFEST]);
  await eventually(() => announced(opened).length > 1 || (timers.advance(1000), false));
  expect(announced(opened)).toEqual([MANIFEST, 'models/mine/v1/predict.py']);
});

it('the files of a folder are told of one by one, so that thousands hold nothing else up', async () => {
  const keys = Array.from({ length: 30 }, (_, i) => `models/mine/v1/${i}.bin`);
  for (const key of keys) await folder.moveIn(key, key);
  await folder.moveIn(MANIFEST, '');
  const others = Promise.withResolvers<void>();
  const objects = objectStore(join(folder.root, 'objects'));
  let turn = 0;
  let counting = setImmediate(function count() {
    turn += 1;
    counting = setImmediate(count);
  });
  const toldIn = new Map<string, number>();

  const opened = await folder.watched({
    onCreated: (event) => toldIn.set(keyOf(event), turn),
    objects: {
      ...objects,
      async write(bytes, sizeBytes) {
        if (sizeBytes === 0) await others.promise;
        return objects.write(bytes, sizeBytes);
      },
    },
  });
  await eventually(
    async () => (await opened.store.list(BUCKET, 'models/', { ...ALL, limit: 100 })).length === 30,
  );
  others.resolve();
  await eventually(() => toldIn.size === 31);
  clearImmediate(counting);

  const turns = keys.map((key) => toldIn.get(key));
  expect(new Set(turns).size).toBe(keys.length);
});
