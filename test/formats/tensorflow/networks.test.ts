import { inspectSavedModel } from '#formats/savedmodel/inspect.ts';
import { readTable } from '#formats/tensorflow/sorted-table.ts';
import { inspectTflite } from '#formats/tflite/inspect.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import {
  artifactOf,
  bytesOf,
  expectedOf,
  modelsOf,
  servedSignature,
  sourceOf,
} from '../../support/models/saved.ts';

const PB = 'saved_model.pb';
const INDEX = 'variables/variables.index';
const SHARD = 'variables/variables.data-00000-of-00001';
const DENSE = bytesOf('tflite', 'dense-2.21.tflite');

describe('a TensorFlow Lite file', () => {
  it.each(modelsOf('tflite'))('%s says what it takes and gives', async (name) => {
    const { facts, requests } = expectedOf('tflite', name);

    const found = await inspectTflite(sourceOf('tflite', name), name);

    expect(found).toMatchObject({ ...facts, requirements: [expect.stringMatching(/^openvino==/)] });
    if (requests.length > 0) {
      expect(found.signature).toEqual(servedSignature(expectedOf('tflite', name)));
    }
  });

  it('says what its weights are, and which operators it is made of', async () => {
    const found = await inspectTflite(bytesSource(DENSE), 'm.tflite');

    expect(found).toMatchObject({
      formatVersion: expect.stringMatching(/^v3, for TensorFlow \d/),
      // The converter leaves out an addition of zeros.
      parameters: 4 * 8 + 8 * 3,
      weightBytes: 4 * (4 * 8 + 8 * 3),
      dtypes: ['FP32'],
      operators: ['FULLY_CONNECTED', 'SOFTMAX'],
      tensorNames: { inputs: ['serving_default_petals:0'] },
    });
    expect(found.memory.map(({ name }) => name)).toEqual([
      'the server and OpenVINO',
      'the weights and their copies',
      'the graph, compiled',
      'the activations of a row',
    ]);
  });

  it('has the names of its tensors where it has no signature', async () => {
    // The last field of the root's table, behind which nothing lies.
    const found = await inspectTflite(bytesSource(without(DENSE, 7)), 'm.tflite');

    expect(found.signature?.inputs).toEqual([
      { name: 'serving_default_petals:0', datatype: 'FP32', shape: [-1, 4] },
    ]);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'is no TensorFlow Lite model'],
    ['a text', Buffer.from('x'.repeat(100)), 'is no TensorFlow Lite model'],
    ['a half of one', DENSE.subarray(0, DENSE.length / 2), 'it points outside itself'],
    ['one without a graph', without(DENSE, 2), 'it has no graph'],
    [
      'one whose weights are larger than what it holds',
      replaced(DENSE, int32(2, 3, 8), int32(2, 3, 0x7fffffff)),
      'takes 25769803764 bytes, of which it has 96',
    ],
    ['one whose root lies after its end', DENSE.with(2, 0xff), 'it points outside itself'],
    [
      'one whose root has its fields after its end',
      at(DENSE, DENSE.readUInt32LE(0), int32(-(2 ** 31))),
      'it points outside itself',
    ],
    [
      'one with a list of more graphs than it has bytes',
      at(DENSE, placeOf(DENSE, 2), int32(0x7fffffff)),
      'it has a list of 2147483647 parts',
    ],
    [
      'one with a list of tensors of more than it has bytes',
      at(DENSE, placeOf(DENSE, 4), int32(90_000)),
      'it points',
    ],
    [
      'one of a shape that is none',
      replaced(DENSE, int32(2, 3, 8), int32(2, 3, -7)),
      'has no shape that is possible',
    ],
  ])('is refused as %s', async (_, bytes, message) => {
    await expect(inspectTflite(bytesSource(bytes), 'm.tflite')).rejects.toThrow(message);
  });
});

describe('a SavedModel', () => {
  const inspected = (
    changes: Readonly<Record<string, Uint8Array | null>> = {},
    name = 'dense-2.21',
  ) => {
    const files = artifactOf('savedmodel', name)
      .filter((file) => changes[file.name] !== null)
      .map((file) => {
        const changed = changes[file.name];
        return changed ? memoryFile(file.name, changed) : file;
      });
    return inspectSavedModel(files, '.');
  };
  const part = (name: string) => bytesOf('savedmodel', `dense-2.21/${name}`);

  it.each(modelsOf('savedmodel'))('%s says what TensorFlow says', async (name) => {
    const expected = expectedOf('savedmodel', name);

    const found = await inspected({}, name);

    expect(found).toMatchObject(expected.facts);
    expect(found.signature).toEqual(servedSignature(expected));
    expect(found.dtypes).toContain('FP32');
    expect(found.operators).toContain('MatMul');
  });

  it('without variables has its weights in its graph', async () => {
    const found = await inspected({ [INDEX]: null, [SHARD]: null });

    expect(found).toMatchObject({ parameters: null, weightBytes: part(PB).length });
  });

  it.each<[string, Readonly<Record<string, Uint8Array | null>>, string]>([
    ['whose graph is missing', { [PB]: null }, 'saved_model.pb is missing'],
    ['of nothing', { [PB]: Buffer.alloc(0) }, 'has no graph with the tag `serve`'],
    ['that is cut short', { [PB]: part(PB).subarray(0, 500) }, 'is truncated'],
    ['of a text', { [PB]: Buffer.from('not a model') }, 'saved_model.pb is'],
    [
      'that only trains',
      {
        [PB]: replaced(
          part(PB),
          Buffer.from('\x0fserving_default\x12'),
          Buffer.from('\x0fserving_another\x12'),
        ),
      },
      'has no signature `serving_default`; it has `serve`, `serving_another`',
    ],
    [
      'that runs code of Python',
      { [PB]: replaced(part(PB), Buffer.from('\x12\x06MatMul'), Buffer.from('\x12\x06PyFunc')) },
      'has the operator `PyFunc`, which runs code or reads files outside the graph',
    ],
    ['without its variables', { [SHARD]: null }, 'which is not there'],
    [
      'with variables cut short',
      { [SHARD]: part(SHARD).subarray(0, 100) },
      'does not lie in its file of 100',
    ],
    ['whose file of variables lies elsewhere', elsewhere(), 'which is not there'],
    [
      'with an index of more names than there is memory for',
      { [INDEX]: tableOf(manyEntries()) },
      'its names take more than 67108864 bytes',
    ],
    [
      'with an index cut short',
      { [INDEX]: part(INDEX).subarray(0, 100) },
      'not an index of variables',
    ],
  ])('%s is refused', async (_, changes, message) => {
    await expect(inspected(changes)).rejects.toThrow(message);
  });

  it("has the weights that TensorFlow's own save keeps under the optimizer, and not its other numbers", async () => {
    const named = (name: string) =>
      readTable(part(INDEX), 'i').map(({ key, value }) => {
        const other = Buffer.from(key.toString().replace(/^variables\//, `optimizer/${name}/`));
        return [varint(0), varint(other.length), varint(value.length), other, value];
      });
    const index = (name: string) => tableOf(Buffer.concat(named(name).flat()));

    const kept = await inspected({ [INDEX]: index('_trainable_variables') });
    const other = await inspected({ [INDEX]: index('_variables') });

    expect([kept.parameters, kept.weights?.length]).toEqual([4 * 8 + 8 + 8 * 3 + 3, 4]);
    expect([other.parameters, other.weights]).toEqual([0, undefined]);
  });

  it('with signatures of other names is told how one of them is saved to be served', async () => {
    const [named, other] = ['serving_default', 'serving_another'].map((name) =>
      Buffer.from(`\x0f${name}\x12`),
    );

    const refused = inspected({ [PB]: replaced(part(PB), named!, other!) });

    await expect(refused).rejects.toMatchObject({
      fix: expect.stringContaining('signatures=m.signatures[NAME]'),
    });
  });

  it('of an index that points outside itself is refused, and so is one that is compressed', () => {
    const index = part(INDEX);
    // The footer has the places of two blocks, each of two bytes and one; of the second the first byte behind it says how it is written.
    const place = index.length - 48 + 3;
    const behind =
      (index[place] ?? 0) - 128 + 128 * (index[place + 1] ?? 0) + (index[place + 2] ?? 0);
    const far = Buffer.from(index.with(place, 0xff).with(place + 1, 0x7f));
    const compressed = Buffer.from(index.with(behind, 1));

    expect(readTable(index, 'i').length).toBeGreaterThan(4);
    expect(() => readTable(far, 'i')).toThrow('points outside itself');
    expect(() => readTable(compressed, 'i')).toThrow('it is compressed');
  });
});

/** Its variables under a name that climbs out of its folder, which nothing opens. */
function elsewhere() {
  return { [SHARD]: null, '../variables/variables.data-00000-of-00001': Buffer.alloc(1e6) };
}

/** An index with one block, in which each entry shares all of its name but a letter with the one before. */
function tableOf(entries: Buffer): Buffer {
  const block = (content: Buffer) =>
    Buffer.concat([content, Buffer.from([1, 0, 0, 0]), Buffer.alloc(5)]);
  const data = block(Buffer.concat([entries, Buffer.alloc(4)]));
  const place = Buffer.concat([varint(0), varint(data.length - 5)]);
  const index = block(
    Buffer.concat([
      varint(0),
      varint(1),
      varint(place.length),
      Buffer.from('z'),
      place,
      Buffer.alloc(4),
    ]),
  );
  const footer = Buffer.alloc(48);
  Buffer.concat([varint(0), varint(0), varint(data.length), varint(index.length - 5)]).copy(footer);
  footer.writeBigUInt64LE(0xdb4775248b80fb57n, 40);
  return Buffer.concat([data, index, footer]);
}

function manyEntries(): Buffer {
  const first = Buffer.concat([varint(0), varint(60_000), varint(0), Buffer.alloc(60_000, 97)]);
  const next = Buffer.concat([varint(60_000), varint(0), varint(0)]);
  return Buffer.concat([first, ...Array.from({ length: 2000 }, () => next)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) + 128);
  }
}

function int32(...values: readonly number[]): Buffer {
  const written = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) written.writeInt32LE(value, 4 * at);
  return written;
}

function replaced(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const at = bytes.indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`there is no ${from.toString('hex')}`);
  return Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + to.length)]);
}

function at(bytes: Buffer, place: number, other: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, place), other, bytes.subarray(place + other.length)]);
}

/** The place of the list that a field of a flatbuffer's root points to. */
function placeOf(flatbuffer: Buffer, field: number): number {
  const root = flatbuffer.readUInt32LE(0);
  const entry = root - flatbuffer.readInt32LE(root) + 4 + 2 * field;
  const pointer = root + flatbuffer.readUInt16LE(entry);
  return pointer + flatbuffer.readUInt32LE(pointer);
}

/** A flatbuffer whose root leaves a field out. */
function without(flatbuffer: Buffer, field: number): Buffer {
  const copy = Buffer.from(flatbuffer);
  const root = copy.readUInt32LE(0);
  copy.writeUInt16LE(0, root - copy.readInt32LE(root) + 4 + 2 * field);
  return copy;
}
