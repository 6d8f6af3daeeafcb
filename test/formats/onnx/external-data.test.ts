import { inspectOnnx } from '#formats/onnx/inspect.ts';
import type { Field } from '../../support/bytes/proto.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { refusalOf } from '../../support/models/inspect-alone.ts';
import { externalDataModel } from '../../support/models/onnx.ts';
import { modelOf, tensor, X, Y } from '../../support/models/onnx-bytes.ts';

function external(...entries: readonly [string, string][]): Uint8Array {
  const fields = entries.map(
    ([key, text]): Field => [
      13,
      [
        [1, key],
        [2, text],
      ],
    ],
  );
  return modelOf([5, tensor('w', 1, [4], [14, 1], ...fields)], X, Y);
}

describe('external data', () => {
  const files = [
    { name: 'big/model.onnx', sizeBytes: 1 },
    { name: 'big/weights.bin', sizeBytes: 16 },
    { name: 'outside.bin', sizeBytes: 16 },
  ];
  const inFolder = (bytes: Uint8Array) => inspectOnnx(bytesSource(bytes), 'big/model.onnx', files);

  it.each<[string, Uint8Array]>([
    ['beside the model', externalDataModel('weights.bin')],
    ['by a roundabout name', externalDataModel('./weights.bin')],
    ['to the end of the file', external(['location', 'weights.bin'])],
  ])('%s is found', async (_, bytes) => {
    expect(await inFolder(bytes)).toMatchObject({
      parameters: 4,
      weightBytes: 16,
      externalData: [{ location: 'big/weights.bin', offset: 0, length: 16 }],
    });
  });

  it('of several tensors is one range per file', async () => {
    const part = (name: string, offset: string, length: string): Field => [
      5,
      tensor(
        name,
        1,
        [1],
        [14, 1],
        ...Object.entries({ location: 'weights.bin', offset, length }).map(
          ([key, text]): Field => [
            13,
            [
              [1, key],
              [2, text],
            ],
          ],
        ),
      ),
    ];

    const { externalData } = await inFolder(
      modelOf(part('b', '8', '4'), part('a', '4', '4'), part('c', '12', '4'), X, Y),
    );

    expect(externalData).toEqual([{ location: 'big/weights.bin', offset: 4, length: 12 }]);
  });

  it.each<[string, string, string]>([
    ['/etc/passwd', '`/etc/passwd`', 'is an absolute path'],
    ['../outside.bin', '`../outside.bin`', 'leaves the folder of the model with `..`'],
    ['a/../weights.bin', '`a/../weights.bin`', 'leaves the folder of the model with `..`'],
    ['a\\weights.bin', '`a\\weights.bin`', 'contains a backslash'],
    ['C:weights.bin', '`C:weights.bin`', 'begins with a drive letter'],
    ['weights.bin\0', '`weights.bin?`', 'contains a NUL character'],
    ['', '``', 'is not a name'],
    ['other.bin', '`other.bin`', 'is not among the artifact’s files'],
    ['weights.bin/', '`weights.bin/`', 'is not among the artifact’s files'],
    ['*/_ORT_MEM_ADDR_/*', '`*/_ORT_MEM_ADDR_/*`', 'is not among the artifact’s files'],
  ])('at %j is refused, naming the tensor', async (location, shown, trouble) => {
    await expect(inFolder(externalDataModel(location))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: `big/model.onnx: tensor \`c\` reads ${shown}, which ${trouble.replace('’', "'")}`,
    });
  });

  it('of a model that came alone is refused', async () => {
    expect((await refusalOf(externalDataModel('weights.bin'))).message).toBe(
      "model.onnx: tensor `c` reads `weights.bin`, which is not among the artifact's files",
    );
  });

  it.each<[string, Uint8Array, string]>([
    [
      'past the end of its file',
      external(['location', 'weights.bin'], ['offset', '8'], ['length', '9']),
      'up to byte 17; the file has 16 bytes',
    ],
    [
      'from behind its end',
      external(['location', 'weights.bin'], ['offset', '17']),
      'up to byte 17; the file has 16 bytes',
    ],
    [
      'from a place that is no number',
      external(['location', 'weights.bin'], ['offset', '-1']),
      'with the offset `-1`, which is not a whole number',
    ],
    [
      'of a length that is no number',
      external(['location', 'weights.bin'], ['length', '1e3']),
      'with the length `1e3`, which is not a whole number',
    ],
  ])('%s is refused', async (_, bytes, message) => {
    await expect(inFolder(bytes)).rejects.toThrow(message);
  });
});
