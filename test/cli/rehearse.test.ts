import type { Artifact, ArtifactPart } from '#domain/deployment.ts';
import { uploadsOf } from '../../src/cli/rehearse.ts';

const part = (name: string, key: string, sizeBytes = 5): ArtifactPart => ({
  name,
  key,
  versionId: 'v',
  sizeBytes,
  checksum: `sha256:${name}`,
});
const fileOf = async ({ checksum }: ArtifactPart) => `/objects/${checksum}`;
const keysOf = async (artifact: Pick<Artifact, 'key' | 'parts' | 'manifest'>) =>
  (await uploadsOf('iris', { bucket: 'b', versionId: 'v', ...artifact }, fileOf)).map(
    ({ key, file }) => [key, file],
  );

describe('the uploads that make a version again', () => {
  it('are those of a file, its manifest and its examples, the file last', async () => {
    const key = 'models/iris/iris.onnx';

    expect(
      await keysOf({
        key,
        parts: [part('iris.onnx', key), part('examples.jsonl', `${key}.examples.jsonl`)],
        manifest: part('model.yaml', `${key}.yaml`),
      }),
    ).toEqual([
      [`${key}.examples.jsonl`, '/objects/sha256:examples.jsonl'],
      [`${key}.yaml`, '/objects/sha256:model.yaml'],
      [key, '/objects/sha256:iris.onnx'],
    ]);
  });

  it('are those of a folder, its manifest last, which may be empty', async () => {
    const folder = 'models/iris/bert/';

    expect(
      await keysOf({
        key: `${folder}model.yaml`,
        parts: [part('config.json', `${folder}config.json`)],
        manifest: part('model.yaml', `${folder}model.yaml`, 0),
      }),
    ).toEqual([
      [`${folder}config.json`, '/objects/sha256:config.json'],
      [`${folder}model.yaml`, null],
    ]);
  });

  it.each([
    [
      'file',
      [
        part('iris.onnx', 'promotions/iris/x/artifact/iris.onnx'),
        part('examples.jsonl', 'promotions/iris/x/artifact/examples.jsonl'),
      ],
      [
        'models/iris/iris.onnx.examples.jsonl',
        'models/iris/iris.onnx.yaml',
        'models/iris/iris.onnx',
      ],
    ],
    [
      'folder',
      [
        part('config.json', 'promotions/iris/x/artifact/config.json'),
        part('model.safetensors', 'promotions/iris/x/artifact/model.safetensors'),
      ],
      [
        'models/iris/model/config.json',
        'models/iris/model/model.safetensors',
        'models/iris/model/model.yaml',
      ],
    ],
  ])(
    'are those of a %s that a promotion brought, where it would have been dropped',
    async (_, parts, keys) => {
      const manifest = part('model.yaml', 'promotions/iris/x/artifact/model.yaml');
      const key = 'promotions/iris/x/release.json';

      expect((await keysOf({ key, parts, manifest })).map(([each]) => each)).toEqual(keys);
    },
  );
});
