import { inspectKeras } from '#formats/keras/inspect.ts';
import { unpacked } from '../../support/bytes/archive-files.ts';
import { hdf5Of } from '../../support/bytes/hdf5.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { zipOf } from '../../support/bytes/zip.ts';
import {
  bytesOf,
  expectedOf,
  modelsOf,
  servedSignature,
  sourceOf,
} from '../../support/models/saved.ts';

type Layer = {
  class_name?: unknown;
  module?: unknown;
  registered_name?: unknown;
  config?: unknown;
};

const PARTS = await unpacked(bytesOf('keras', 'texts-2.21.keras'), 'm.keras');
const CONFIG = JSON.parse(String(PARTS['config.json']));

/** A Keras file whose parts are changed; null leaves one out. */
function kerasOf(changes: Readonly<Record<string, string | Uint8Array | null>>): Buffer {
  const parts = Object.entries({ ...PARTS, ...changes });
  return zipOf(parts.flatMap(([name, content]) => (content === null ? [] : [{ name, content }])));
}

const inspected = (changes: Parameters<typeof kerasOf>[0] = {}) =>
  inspectKeras(bytesSource(kerasOf(changes)), 'm.keras');

const withLayer = (layer: Layer) => ({
  'config.json': JSON.stringify({
    ...CONFIG,
    config: { ...CONFIG.config, layers: [...CONFIG.config.layers, layer] },
  }),
});

const compile = (config: unknown) => ({
  compile_config: {
    loss: { class_name: 'function', module: 'builtins', config, registered_name: 'function' },
  },
});

const compiledWith = (compile_config: object) => ({
  'config.json': JSON.stringify({ ...CONFIG, compile_config }),
});

describe('a Keras file', () => {
  it.each(modelsOf('keras'))('%s says what it takes', async (name) => {
    const { facts } = expectedOf('keras', name);

    const found = await inspectKeras(sourceOf('keras', name), name);

    expect(found).toMatchObject({ format: 'keras', formatVersion: facts['formatVersion'] });
    expect(found.signature?.inputs).toEqual(servedSignature(expectedOf('keras', name))?.inputs);
    expect(found.weightBytes).toBeGreaterThan(0);
  });

  it('says of which layers it is', async () => {
    expect(await inspected()).toMatchObject({
      layers: ['Concatenate', 'Dense', 'Embedding', 'LSTM'],
      requirements: [
        expect.stringMatching(/^keras==/),
        expect.stringMatching(/^scipy/),
        expect.stringMatching(/^openvino==/),
      ],
    });
  });

  it('of an optimizer of its owner is served, which does not ask for that', async () => {
    await expect(
      inspected(
        compiledWith({
          loss: {
            class_name: 'function',
            module: 'builtins',
            config: 'mine',
            registered_name: 'function',
          },
          optimizer: { class_name: 'Adam', module: 'keras.optimizers', config: {} },
          metrics: [
            'accuracy',
            { class_name: 'function', module: null, config: 'mine', registered_name: 'function' },
          ],
        }),
      ),
    ).resolves.toBeDefined();
  });

  it.each<[string, Layer]>([
    ['a class of Keras', { class_name: 'MeanSquaredError', module: 'keras.losses', config: {} }],
    [
      'a class of a notebook',
      { class_name: 'Mine', module: '__main__', config: { gamma: 2 }, registered_name: 'Mine' },
    ],
    [
      'a class that is registered',
      { class_name: 'Mine', module: null, config: {}, registered_name: 'package>Mine' },
    ],
  ])('of a training by %s is served', async (_, loss) => {
    await expect(inspected(compiledWith({ loss }))).resolves.toBeDefined();
  });

  it.each<[string, Layer, string]>([
    [
      'a class of a module',
      { class_name: 'Popen', module: 'subprocess', config: {} },
      '`subprocess.Popen`',
    ],
    [
      'a function of a module',
      { class_name: 'function', module: 'os', config: 'system', registered_name: 'system' },
      '`system`',
    ],
    [
      'a lambda',
      {
        class_name: 'function',
        module: 'builtins',
        config: { class_name: '__lambda__', config: {} },
      },
      '`builtins.function`',
    ],
    [
      'a class that is registered, of a module',
      { class_name: 'Mine', module: 'mine', registered_name: 'package>Mine' },
      '`package>Mine`',
    ],
    [
      'code in an object of a class of its owner',
      {
        class_name: 'Mine',
        module: '__main__',
        config: { inner: { class_name: '__lambda__', config: {} } },
        registered_name: 'Mine',
      },
      '`__lambda__`',
    ],
  ])('of a training by %s is refused, and what to do is said', async (_, loss, says) => {
    const refused = inspected(compiledWith({ loss }));

    await expect(refused).rejects.toThrow(says);
  });

  it('of a training by a function of its owner within another model is refused', async () => {
    const within = { class_name: 'Functional', module: 'keras', config: {}, ...compile('mine') };

    await expect(inspected(withLayer(within))).rejects.toThrow('`function`, which is not of Keras');
  });

  it.each<[string, Layer, string]>([
    [
      'a lambda',
      { class_name: 'Lambda', module: 'keras.layers', config: {} },
      '`Lambda`, which runs code',
    ],
    ['the code of one', { class_name: '__lambda__', config: { value: {} } }, '`__lambda__`'],
    ['a SavedModel elsewhere', { class_name: 'TFSMLayer', module: 'keras.layers' }, '`TFSMLayer`'],
    [
      'a class of its owner',
      { class_name: 'Mine', module: 'mine', registered_name: 'package>Mine' },
      '`package>Mine`, which is not of Keras itself',
    ],
    [
      'a class that is registered',
      { class_name: 'Dense', module: 'keras.layers', registered_name: 'package>Dense' },
      '`package>Dense`',
    ],
    ['a function of Python', { class_name: 'function', module: 'builtins' }, '`builtins.function`'],
    [
      'a module that only begins so',
      { class_name: 'x', module: 'kerasx.layers' },
      '`kerasx.layers.x`',
    ],
    ['a class that is no text', { class_name: 7, module: 'keras' }, 'a layer without a class'],
    [
      'one within another',
      {
        class_name: 'TimeDistributed',
        module: 'keras.layers',
        config: { layer: { class_name: 'Lambda' } },
      },
      '`Lambda`',
    ],
  ])('with %s is refused', async (_, layer, message) => {
    await expect(inspected(withLayer(layer))).rejects.toThrow(message);
  });

  it.each<[string, Parameters<typeof kerasOf>[0], string]>([
    ['nothing that describes it', { 'config.json': null }, 'it has no config.json'],
    ['no version', { 'metadata.json': null }, 'it has no metadata.json'],
    ['no weights', { 'model.weights.h5': null }, 'has no weights'],
    ['a description that is no JSON', { 'config.json': '{' }, 'no JSON'],
    ['no input', { 'config.json': '{"config": {"layers": []}}' }, 'it has no input layer'],
    [
      'an input that is not there',
      { 'config.json': JSON.stringify({ config: { layers: [], input_layers: [['a', 0, 0]] } }) },
      'names the input `a`, which it does not have',
    ],
    [
      'a description without end',
      { 'config.json': '['.repeat(1000) + ']'.repeat(1000) },
      'too large to be read',
    ],
    [
      'an input of texts',
      {
        'config.json': String(PARTS['config.json']).replace(
          '"dtype": "int32"',
          '"dtype": "string"',
        ),
      },
      'has the type STRING',
    ],
    [
      'an input of no shape',
      {
        'config.json': String(PARTS['config.json']).replace(
          '"batch_shape": [null, 5]',
          '"batch_shape": [-5]',
        ),
      },
      'of no shape or type',
    ],
  ])('of %s is refused', async (_, changes, message) => {
    await expect(inspected(changes)).rejects.toThrow(message);
  });

  it('of one input has its name however it is listed', async () => {
    const given = (listed: unknown) => ({
      'config.json': JSON.stringify({
        config: { layers: [CONFIG.config.layers[0]], input_layers: listed },
      }),
    });

    for (const listed of [['tokens', 0, 0], [['tokens', 0, 0]], undefined]) {
      const { signature } = await inspected(given(listed));
      expect(signature?.inputs).toMatchObject([{ name: 'tokens', shape: [-1, 5] }]);
    }
    await expect(inspected(given(7))).rejects.toThrow('no input layer');
  });

  it('in HDF5 by another name is refused, which Keras would not open', async () => {
    const source = sourceOf('keras', 'dense-2.15.h5');

    await expect(inspectKeras(source, 'model')).rejects.toMatchObject({
      message: 'model is an HDF5 file by another name',
      fix: 'Upload it as `model.h5`.',
    });
  });

  it('that is no zip is refused', async () => {
    await expect(inspectKeras(bytesSource(Buffer.from('x')), 'm.keras')).rejects.toMatchObject({
      name: 'ArtifactRejected',
    });
  });
});

describe('a Keras model in HDF5', () => {
  const described = (config: unknown) =>
    inspectKeras(
      bytesSource(
        hdf5Of([
          { name: 'keras_version', text: '2.15.0' },
          { name: 'model_config', text: JSON.stringify(config) },
        ]),
      ),
      'm.h5',
    );
  const layer = (name: string, config: object = {}) => ({ class_name: name, config });
  const INPUT = layer('InputLayer', {
    batch_input_shape: [null, 4],
    dtype: 'float32',
    name: 'petals',
  });
  const sequential = (...layers: readonly object[]) => layer('Sequential', { layers });

  it('says what it takes in the words of Keras 2, and by which', async () => {
    expect(await described(sequential(INPUT, layer('Dense')))).toMatchObject({
      formatVersion: 'Keras 2.15.0',
      signature: { inputs: [{ name: 'petals', datatype: 'FP32', shape: [-1, 4] }] },
      layers: ['Dense'],
    });
  });

  it.each<[string, object, string]>([
    ['a lambda', layer('Lambda', { function: ['', null, null] }), '`Lambda`, which runs code'],
    [
      'a lambda within a layer',
      layer('Bidirectional', { layer: layer('Lambda') }),
      '`Lambda`, which runs code',
    ],
    ['a function of TensorFlow’s', layer('TFOpLambda'), 'calls a function of TensorFlow'],
    ['a layer of its owner', layer('Mine'), '`Mine`, which is not of Keras itself'],
    [
      'words of another file',
      layer('StringLookup', { vocabulary: '/etc/passwd' }),
      'reads its words from the file `/etc/passwd`',
    ],
  ])('with %s is refused', async (_, odd, says) => {
    await expect(described(sequential(INPUT, odd))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(says),
      fix: expect.stringMatching(/\.$/),
    });
  });

  it('of weights alone is refused with the lines that make a model of them', async () => {
    const weights = hdf5Of([{ name: 'backend', text: 'tensorflow' }]);

    await expect(inspectKeras(bytesSource(weights), 'm.h5')).rejects.toMatchObject({
      message: 'm.h5 has no model_config: it is of weights alone, or of no model',
      fix: expect.stringContaining('model.load_weights("FILE"); model.save("model.keras")'),
    });
  });
});
