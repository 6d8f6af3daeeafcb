import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { difference } from '#domain/rollout/json-difference.ts';
import { type Dropped, fixtureOf, pushed, throughGateway } from '../support/models/dropped.ts';
import { type MemoryFigures, memoryFigures, tooFar } from '../support/models/memory.ts';
import { MODELS } from '../support/models/saved.ts';
import { filesOfWheel } from '../support/models/wheels.ts';
import { describeOnOneMachine, itAnswersAsItsFramework } from './right-answers.ts';

const CASES: readonly Dropped[] = [
  {
    what: 'TensorFlow Lite',
    folder: 'tflite',
    versions: ['dense-2.21.tflite', 'pictures-2.21.tflite', 'halves-2.21.tflite'],
  },
  {
    what: 'a SavedModel',
    folder: 'savedmodel',
    versions: ['dense-2.21', 'pictures-2.21', 'texts-2.21'],
  },
  {
    what: 'Keras',
    folder: 'keras',
    versions: ['dense-2.21.keras', 'pictures-2.21.keras', 'texts-2.21.keras'],
  },
  {
    what: 'Keras, of any number of steps, each a series of its own,',
    folder: 'keras',
    versions: ['steps-2.21.keras'],
  },
  {
    what: 'Keras 2, in HDF5,',
    folder: 'keras',
    versions: ['dense-2.15.h5', 'pictures-2.15.h5', 'texts-2.15.h5'],
  },
  {
    what: 'Keras 3, in HDF5,',
    folder: 'keras',
    versions: ['dense-3.15.h5', 'pictures-3.15.h5', 'texts-3.15.h5'],
  },
];

// One network of 2024 in three formats (Apache-2.0): sound of 2 s, and the notes in it.
const BASIC_PITCH = await filesOfWheel({
  name: 'basic-pitch',
  version: '0.4.0',
  sha256: '738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0',
});
const SAMPLES = 43_844;

describeOnOneMachine('a network, dropped, as it is, on one machine', (slipway) => {
  const tried = itAnswersAsItsFramework(CASES, slipway);

  it('of an operator that OpenVINO lacks is refused by the build, by its name', async () => {
    const lacking = fixtureOf('tflite', 'lacking-2.21.tflite');

    expect(await pushed(slipway(), lacking, 'lacking')).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/OpenVINO cannot serve .*FlexMatrixInverse.*predict\.py/s),
    });
  });

  it('is told what it takes where it is asked for something else', async () => {
    await pushed(slipway(), fixtureOf('tflite', 'dense-2.21.tflite'), 'asked');
    const post = throughGateway(slipway(), 'asked');

    expect(await post('invocations', { instances: [[1, 2]] })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('the model takes [-1, 4]') },
    });
    expect(await post('invocations', { instances: [] })).toMatchObject({
      status: 200,
      body: { predictions: [] },
    });
  });

  if (typeof BASIC_PITCH === 'object') {
    it.skip(`one of three formats: ${BASIC_PITCH.missing}`, () => undefined);
    return;
  }
  const folder = join(BASIC_PITCH, 'basic_pitch/saved_models/icassp_2022');

  it('of one set of real weights, as TensorFlow Lite, SavedModel and ONNX, answers the same', async () => {
    const answers: unknown[][] = [];
    for (const [name, input, outputs] of FORMATS) {
      const model = name.replace('.', '-');
      const path = join(slipway().dataDir, name);
      cpSync(join(folder, name), path, { recursive: true });
      const { out, err } = await slipway().command('push', path, '--name', model, '--json');
      expect(out || err).toContain('"state":"Live"');
      const data = Array.from({ length: SAMPLES }, (_, at) => Math.sin(at / 20));
      const asked = { name: input, datatype: 'FP32', shape: [1, SAMPLES, 1], data };
      const { body } = await throughGateway(slipway(), model)('infer', { inputs: [asked] });
      const told = new Map(
        (body as { outputs: { name: string; data: unknown }[] }).outputs.map((each) => [
          each.name,
          each.data,
        ]),
      );
      answers.push(outputs.map((each) => told.get(each)));
    }

    const [lite, saved, onnx] = answers;
    expect(difference(saved, lite, 1e-4, 1e-5)).toBeUndefined();
    // It takes the logarithm of a spectrum that is nearly empty, so in single precision both engines are 0.003 from what it is in double precision, each on its own way.
    expect(difference(onnx, lite, 1e-4, 5e-3)).toBeUndefined();
  });

  it('takes about as much memory as is expected, by what the build saw', async () => {
    const cases = tried.flatMap(({ folder: kind, versions, model }) =>
      versions.map((name, index) => {
        return { path: join(MODELS, kind, name), model, version: index + 1 };
      }),
    );
    const real = ['nmp.tflite', 'nmp'].map((name) => {
      return { path: join(folder, name), model: name.replace('.', '-'), version: 1 };
    });
    const figures: MemoryFigures[] = [];
    for (const each of [...cases, ...real]) figures.push(await memoryFigures(slipway(), each));

    expect(tooFar(figures)).toEqual([]);
  });
});

const NAMED = ['contour', 'note', 'onset'];
const NUMBERED = [0, 1, 2].map((number) => `StatefulPartitionedCall:${number}`);
const FORMATS = [
  ['nmp.tflite', 'input_2', NAMED],
  ['nmp', 'input_2', NAMED],
  ['nmp.onnx', 'serving_default_input_2:0', NUMBERED],
] as const;
