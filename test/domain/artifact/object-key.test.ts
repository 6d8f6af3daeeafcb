import fc from 'fast-check';
import { isPart } from '#domain/artifact/hidden-file.ts';
import {
  externalDataKeys,
  filesOfFolder,
  foldersOf,
  readKey,
  sidecarKey,
} from '#domain/artifact/object-key.ts';
import { MODEL_NAME } from '#domain/identity.ts';

describe('a key', () => {
  it.each([
    'model.onnx',
    'MODEL.ONNX',
    'a.b.onnx',
    'weights.safetensors',
    'forest.json',
    'bundle.tar.gz',
  ])('of a self-contained file starts a deployment: %s', (file) => {
    expect(readKey(`models/shapes/${file}`)).toEqual({ kind: 'artifact', model: 'shapes', file });
  });

  it('of a folder’s model.yaml starts a deployment of the folder', () => {
    expect(readKey('models/shapes/v1/model.yaml')).toEqual({
      kind: 'folder',
      model: 'shapes',
      prefix: 'models/shapes/v1/',
    });
  });

  it('of a model.yaml in the model’s own folder starts a deployment of that', () => {
    expect(readKey('models/shapes/model.yaml')).toEqual({
      kind: 'folder',
      model: 'shapes',
      prefix: 'models/shapes/',
    });
  });

  it.each(['model.onnx', 'MODEL.ONNX', 'bundle.tar.gz'])(
    'of the sidecar of %s starts nothing',
    (file) => {
      expect(readKey(sidecarKey(`models/shapes/${file}`))).toEqual({
        kind: 'sidecar',
        model: 'shapes',
      });
    },
  );

  it.each(['a.onnx', 'A.ONNX'])('of tensors beside %s names that', (file) => {
    const key = `models/shapes/${file}`;

    expect(externalDataKeys(key)).toEqual([`${key}.data`, `${key}_data`]);
    for (const each of externalDataKeys(key)) {
      expect(readKey(each)).toEqual({ kind: 'data', model: 'shapes', file });
    }
  });

  it('of anything but ONNX has no tensors beside it', () => {
    expect(externalDataKeys('models/shapes/a.pkl')).toEqual([]);
    expect(readKey('models/shapes/a.pkl.data').kind).toBe('loose');
  });

  it.each([
    'README.md',
    'model',
    'notes.yaml',
    'requirements.txt',
    'tokenizer_config.json',
    'vocab.txt',
    'model.safetensors.index.json',
    'v1/model.onnx',
    'v1/config.json',
    'v1/sub/model.yaml',
    '/model.yaml',
  ])('of anything else of a model is ignored with a hint: %s', (rest) => {
    expect(readKey(`models/shapes/${rest}`)).toEqual({ kind: 'loose', model: 'shapes' });
  });

  it.each([
    '._model.onnx',
    '.onnx',
    '.DS_Store',
    'v1/.DS_Store',
    'v1/.git/HEAD',
    'v1/.cache/model.yaml',
    '__MACOSX/._model.onnx',
    'Thumbs.db',
  ])('of what is hidden, or what a desktop leaves, is not for Slipway: %s', (rest) => {
    expect(readKey(`models/shapes/${rest}`)).toEqual({ kind: 'outside' });
    expect(readKey(`models/${rest}`).kind).not.toBe('misnamed');
  });

  it('of the file that says its Python is a part of its folder', () => {
    expect(readKey('models/shapes/v1/.python-version')).toEqual({ kind: 'loose', model: 'shapes' });
  });

  it.each(['Shapes', '-', '', 'a_b', 'x'.repeat(41)])(
    'of a model that may not be named %j is refused by name',
    (name) => {
      expect(readKey(`models/${name}/model.onnx`)).toEqual({ kind: 'misnamed', name });
    },
  );

  it.each(['model.onnx', 'models/model.onnx'])(
    'of a model file in no model’s folder is refused by the file’s name: %s',
    (key) => {
      expect(readKey(key)).toEqual({ kind: 'misnamed', name: 'model.onnx' });
    },
  );

  it('of a file that starts nothing is ignored with a hint, whatever its model is called', () => {
    expect(readKey('models/Shapes/v1/weights.bin')).toEqual({ kind: 'loose', model: 'Shapes' });
  });

  it.each([
    ['models/shapes/v1/data/weights.bin', ['models/shapes/v1/', 'models/shapes/']],
    ['models/shapes/v1/model.yaml', ['models/shapes/v1/', 'models/shapes/']],
    ['models/shapes/model.onnx', ['models/shapes/']],
    ['models/shapes//model.onnx', ['models/shapes/']],
  ])('of %s lies in the folders %j', (key, folders) => {
    expect(foldersOf(key)).toEqual(folders);
  });

  it('of a folder that is started by itself is none of the model’s own folder', () => {
    const [own, other, beside] = [
      ['predict.py', 'model.yaml', 'bert/config.json', 'bert/deep/model.yaml'],
      ['v1/model.yaml', 'v1/predict.py', 'v1/deep/weights.bin'],
      ['v10/weights.bin'],
    ].map((files) => files.map((file) => ({ key: `models/shapes/${file}` })));
    const all = [...own!, ...other!, ...beside!];

    expect(filesOfFolder(all, 'models/shapes/')).toEqual([...own!, ...beside!]);
    expect(filesOfFolder(other!, 'models/shapes/v1/')).toEqual(other);
  });

  it.each([
    '',
    'models',
    'models/',
    'models/shapes',
    'models/shapes/',
    'models/shapes/v1/',
    'other/shapes/a.onnx',
  ])('is none of Slipway’s business: %j', (key) => {
    expect(readKey(key)).toEqual({ kind: 'outside' });
  });

  it('of a file in a model’s folder that is not hidden always names the model', () => {
    const file = fc.string({ minLength: 1 }).filter(isPart);
    fc.assert(
      fc.property(fc.stringMatching(MODEL_NAME), file, (model, rest) => {
        expect(readKey(`models/${model}/${rest}`)).toMatchObject({ model });
      }),
    );
  });

  it('of a folder artifact begins with the prefix of its parts', () => {
    const name = fc.string().filter((text) => isPart(text) && !text.includes('/'));
    fc.assert(
      fc.property(fc.stringMatching(MODEL_NAME), name, (model, folder) => {
        const prefix = `models/${model}/${folder}/`;
        expect(readKey(`${prefix}model.yaml`)).toEqual({ kind: 'folder', model, prefix });
      }),
    );
  });
});
