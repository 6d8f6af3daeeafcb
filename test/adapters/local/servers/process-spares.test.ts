import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessSpares, processSpares } from '#adapters/local/servers/process-spares.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { type FakeTimers, fakeTimers } from '../../../support/clock/fake-timers.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

const GUARD = { watch: () => () => {}, close: async () => {} };
// Stands for a Python: prints the model that it awaits, and the facts by which its walls are set.
const PYTHON = `#!/bin/sh
echo "$AWAIT_MODEL $(cat "$MODEL_FACTS")" >told
exec sleep 60
`;
const CODE = {
  runtime: 'python',
  keptBecause: 'it is code',
  facts: { format: 'python', brings: 'code', network: 'open' },
} as BuildOrder;

let root: string;
let environment: string;
let spares: ProcessSpares;
let timers: FakeTimers;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-spares-'));
  environment = join(root, 'environments/e1');
  mkdirSync(join(environment, 'bin'), { recursive: true });
  writeFileSync(join(environment, 'bin/python'), PYTHON);
  chmodSync(join(environment, 'bin/python'), 0o755);
  timers = fakeTimers();
  const directory = join(root, 'spares');
  const options = { directory, serverEntry: '', walls: null, environment: process.env, timers };
  spares = processSpares(options, GUARD);
});
afterEach(async () => {
  await spares.close();
  rmSync(root, { recursive: true });
});

const isReady = () => writeFileSync(join(environment, 'ready'), '');
const told = () => {
  try {
    return readFileSync(join(root, 'spares/python/1/1/told'), 'utf8').trim();
  } catch {
    return '';
  }
};

it('a server for a model of code starts, with its network, once a model can be loaded in its environment', async () => {
  using _ = spares.expects(CODE, environment);
  timers.advance(1_000);
  expect(told()).toBe('');

  isReady();
  timers.advance(50);

  const facts = '{"format":"python","network":"open","brings":"code"}';
  await eventually(() => told() === `${facts} ${facts}`);
});

it.each([
  { why: 'may become an ONNX model', about: { keptBecause: null } },
  { why: 'is a language model', about: { facts: { ...CODE.facts, language: { task: 'text' } } } },
  { why: 'is an ONNX model', about: { runtime: 'onnx' } },
])('none starts for what $why', ({ about }) => {
  isReady();

  using _ = spares.expects({ ...CODE, ...about } as unknown as BuildOrder, environment);

  expect(timers.leftMs()).toEqual([]);
});

it('is taken for that model, also where the data folder is reached by a link', async () => {
  isReady();
  symlinkSync(root, join(root, 'link'));
  using _ = spares.expects(CODE, join(root, 'link/environments/e1'));
  const image = join(root, 'image');
  mkdirSync(image);
  writeFileSync(join(image, 'facts.json'), JSON.stringify(CODE.facts));
  const files = {
    ...{ path: root, artifact: image, modelPath: image, scratch: root, read: image },
    python: join(root, 'link/environments/e1/bin/python'),
    factsPath: join(image, 'facts.json'),
  };
  const spec = revisionSpec('v1', { runtime: 'python', modelFile: 'predict.py', memoryMiB: 1_769 });

  await eventually(() => told() !== '');

  expect(spares.take(spec, { ...files, factsPath: undefined })).toBeUndefined();
  const taken = spares.take(spec, files);
  taken?.child.kill();
  await once(taken!.child, 'exit');
});

it('none is expected any more once its build has ended', () => {
  spares.expects(CODE, environment)[Symbol.dispose]();

  expect(timers.leftMs()).toEqual([]);
});
