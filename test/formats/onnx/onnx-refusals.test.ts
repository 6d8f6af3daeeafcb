import { inspectOnnx } from '#formats/onnx/inspect.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type Field, proto } from '../../support/bytes/proto.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { refusalOf } from '../../support/models/inspect-alone.ts';
import { subgraphModel, wrongDomainModel } from '../../support/models/onnx.ts';
import {
  IDENTITY,
  IR_8,
  modelOf,
  node,
  OPSET_17,
  tensor,
  tensorType,
  value,
  X,
  Y,
} from '../../support/models/onnx-bytes.ts';

/** A model whose functions F1, F2, … each have so many calls of the next one; the last one has them of `last`, an operator of ONNX or one of them. */
function functions(count: number, calls: number, last = 'Identity'): Uint8Array {
  const call = (field: number, operator: string): Field => [
    field,
    [
      [1, 'x'],
      [2, 'y'],
      [4, operator],
      [7, operator === 'Identity' ? '' : 'f'],
    ],
  ];
  const bodies = Array.from({ length: count }, (_, index): Field => {
    const next = index + 1 < count ? `F${index + 2}` : last;
    return [
      25,
      [
        [1, `F${index + 1}`],
        [4, 'x'],
        [5, 'y'],
        ...Array.from({ length: calls }, () => call(7, next)),
        [9, [[2, 17]]],
        [10, 'f'],
      ],
    ];
  });
  return proto(
    IR_8,
    [7, [call(1, 'F1'), X, Y]],
    OPSET_17,
    [
      8,
      [
        [1, 'f'],
        [2, 1],
      ],
    ],
    ...bodies,
  );
}

function withOpset(domain: string, version: number): Uint8Array {
  return proto(IR_8, [7, [IDENTITY, X, Y]], OPSET_17, [
    8,
    [
      [1, domain],
      [2, version],
    ],
  ]);
}

function nested(depth: number): Field {
  let inner: readonly Field[] = [IDENTITY];
  for (let level = 0; level < depth; level++) inner = [node('If', [5, [[6, inner]]])];
  return [7, [...inner, X, Y]];
}

function input(type: readonly Field[]): Uint8Array {
  return modelOf([11, value('x', type)], Y);
}

const SEQUENCE: readonly Field[] = [[4, [[1, tensorType(1, [])]]]];

describe('a file called model.onnx is refused', () => {
  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), 'model.onnx is empty'],
    ['a text', Buffer.from('hello, world\n'), 'model.onnx is a text file, not an ONNX model'],
    [
      'a text that begins like a model',
      Buffer.from(':-)'),
      'model.onnx is a text file, not an ONNX model',
    ],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n'),
      'model.onnx is a Git LFS pointer, not an ONNX model',
    ],
    ['a pickle', new Uint8Array([0x80, 4, 0x95, 0]), 'model.onnx is a pickle, not an ONNX model'],
    [
      'nothing known',
      new Uint8Array([0xff, 1, 2]),
      'model.onnx is in an unknown format, not an ONNX model',
    ],
    [
      'without an IR version',
      proto([7, [X, Y]], OPSET_17),
      'model.onnx has no IR version, which every ONNX model has',
    ],
    [
      'without a graph',
      proto(IR_8, OPSET_17),
      'model.onnx has no graph, which every ONNX model has',
    ],
    [
      'without an operator set',
      proto(IR_8, [7, [X, Y]]),
      'model.onnx has no operator set, which every ONNX model has',
    ],
    ['without an output', modelOf(X), 'model.onnx has no output, which every ONNX model has'],
    [
      'whose functions each call the next one twice',
      functions(20, 2),
      'model.onnx has functions that become too many nodes once each is put in the place of its calls: their number times the depth of the calls is over 250,000',
    ],
    [
      'whose functions call many of the next one',
      functions(3, 100),
      'model.onnx has functions that become too many nodes once each is put in the place of its calls: their number times the depth of the calls is over 250,000',
    ],
    [
      'whose function calls itself',
      functions(3, 1, 'F1'),
      'model.onnx has the function `f::F1`, which calls itself, or lies more than 100 calls deep',
    ],
    [
      'whose functions lie too deep',
      functions(200, 1),
      'model.onnx has the function `f::F101`, which calls itself, or lies more than 100 calls deep',
    ],
    [
      'of a newer IR version',
      proto([1, 14], [7, [X, Y]], OPSET_17),
      'model.onnx has ONNX IR version 14; this version runs up to 13',
    ],
    [
      'of a newer operator set',
      withOpset('', 27),
      'model.onnx needs operator set 27 of ai.onnx; this version runs up to 26',
    ],
    [
      'of a newer operator set under its long name',
      withOpset('ai.onnx', 27),
      'model.onnx needs operator set 27 of ai.onnx; this version runs up to 26',
    ],
    [
      'of a newer operator set of classic models',
      withOpset('ai.onnx.ml', 6),
      'model.onnx needs operator set 6 of ai.onnx.ml; this version runs up to 5',
    ],
    [
      'with a custom operator',
      wrongDomainModel(),
      'model.onnx uses the operator `com.example::Mystery`; this version runs those of ai.onnx, ai.onnx.ml, com.microsoft',
    ],
    [
      'with an operator for training',
      modelOf(node('Adam', [7, 'ai.onnx.training']), X, Y),
      'model.onnx uses the operator `ai.onnx.training::Adam`; this version runs those of ai.onnx, ai.onnx.ml, com.microsoft',
    ],
    [
      'with a custom operator inside an If',
      modelOf(node('If', [5, [[6, [node('A', [7, 'b'])]]]]), X, Y),
      'model.onnx uses the operator `b::A`; this version runs those of ai.onnx, ai.onnx.ml, com.microsoft',
    ],
    [
      'with a domain made to look known',
      modelOf(node('A', [7, 'ai.onnx::b']), X, Y),
      'model.onnx uses the operator `ai.onnx::b::A`; this version runs those of ai.onnx, ai.onnx.ml, com.microsoft',
    ],
    [
      'with a sequence for input',
      input(SEQUENCE),
      'model.onnx: input `x` is not a tensor but has the type sequence',
    ],
    [
      'with a map for input',
      input([[5, [[1, 7]]]]),
      'model.onnx: input `x` is not a tensor but has the type map',
    ],
    [
      'with an optional input',
      input([[9, []]]),
      'model.onnx: input `x` is not a tensor but has the type optional',
    ],
    ['with an input without a type', input([]), 'model.onnx: input `x` has no type'],
    [
      'with an input that has no name in the protocol',
      input(tensorType(17, [])),
      'model.onnx: input `x` has the element type FLOAT8E4M3FN, which the Open Inference Protocol does not support',
    ],
    [
      'with an input of an unknown type',
      input(tensorType(99, [])),
      'model.onnx: input `x` has the element type 99, which the Open Inference Protocol does not support',
    ],
    [
      'with a tensor of an unknown type',
      modelOf([5, tensor('w', 99, [])], X, Y),
      'model.onnx: tensor `w` has the unknown element type 99',
    ],
    [
      'with a negative dimension',
      modelOf([5, tensor('w', 1, [2, -3])], X, Y),
      'model.onnx: tensor `w` has an impossible shape',
    ],
    [
      'with a tensor larger than any memory',
      modelOf([5, tensor('w', 1, [2 ** 40, 2 ** 40])], X, Y),
      'model.onnx: tensor `w` has an impossible shape',
    ],
    [
      'with packed dimensions cut short',
      modelOf(
        [
          5,
          [
            [1, new Uint8Array([2, 0x80])],
            [2, 1],
            [8, 'w'],
          ],
        ],
        X,
        Y,
      ),
      'model.onnx: tensor `w` has an impossible shape',
    ],
    [
      'with a shape of more than its data',
      modelOf([5, tensor('a', 2, [2 ** 52])], X, Y),
      'model.onnx: tensor `a` has 4503599627370496 elements by its shape, but not as many in its data',
    ],
    [
      'with graphs in graphs',
      proto(IR_8, nested(32), OPSET_17),
      'model.onnx nests graphs more than 32 deep, the limit of its file format',
    ],
    [
      'with a name of 64 KiB',
      modelOf(node('x'.repeat(65_537)), X, Y),
      'model.onnx has more than 65536 bytes in one name, the limit for an inspection',
    ],
  ])('when it is %s', async (_, bytes, message) => {
    const { name, message: said, fix } = await refusalOf(bytes);

    expect(said).toBe(message);
    expect({ name, fix }).toEqual({
      name: 'ArtifactRejected',
      fix: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });

  it('when it is cut short, and says at which byte', async () => {
    const whole = subgraphModel();

    const { message, fix } = await refusalOf(whole.subarray(0, 100));

    expect(message).toBe(
      'model.onnx is truncated: it ends at byte 100, within the field which begins at byte 16',
    );
    expect(fix).toBe('Upload the whole file again.');
  });

  it.each<[string, number[]]>([
    ['a message that is longer than the one around it', [0x3a, 4, 0x0a, 9, 0, 0]],
    ['a field of number 0', [0x3a, 2, 0x00, 0]],
    ['a wire type that does not exist', [0x3a, 2, 0x0f, 0]],
    ['a group, which ONNX has none of', [0x3a, 2, 0x0b, 0x0c]],
    ['a number without an end', [0x3a, 12, 0x10, ...new Array(11).fill(0xff)]],
    ['a negative length', [0x3a, 11, 0x0a, ...new Array(9).fill(0xff), 1]],
  ])('when it has %s, and says at which byte', async (_, bytes) => {
    const { message } = await refusalOf(new Uint8Array([8, 8, ...bytes]));

    expect(message).toBe('model.onnx is damaged: the field at byte 4 does not fit its message');
  });

  it('with the way out, when its classifier answers a list of maps', async () => {
    const bytes = modelOf(node('ZipMap', [7, 'ai.onnx.ml']), X, [12, value('p', SEQUENCE)]);

    expect(await refusalOf(bytes)).toMatchObject({
      message: 'model.onnx: output `p` is not a tensor but has the type sequence',
      fix: expect.stringContaining('zipmap=False'),
    });
  });

  it('without showing what a terminal would obey', async () => {
    const { message } = await refusalOf(modelOf(node('A\u001b[2J\n', [7, 'b']), X, Y));

    expect(message).toContain('`b::A?[2J?`');
  });

  it('when it is larger than protobuf reads, without reading it', async () => {
    const source = { ...bytesSource(new Uint8Array()), sizeBytes: 2 ** 31 };

    await expect(inspectOnnx(source, 'model.onnx', [])).rejects.toThrow(
      'model.onnx is 2147483648 bytes; the limit of its file format is 2147483647',
    );
  });

  it('when the store has fewer bytes than it announced', async () => {
    const source = { ...bytesSource(subgraphModel()), sizeBytes: 70_000 };

    await expect(inspectOnnx(source, 'model.onnx', [])).rejects.toThrow('bytes were announced');
  });

  it('when its names would not fit in the registry', async () => {
    const inputs = Array.from(
      { length: 2000 },
      (_, index): Field => [11, value(`input_number_${index}`, tensorType(1, [1]))],
    );

    expect((await refusalOf(modelOf(...inputs, Y))).message).toMatch(/ bytes; the limit is 65536$/);
  });

  it('when it has more messages than an inspection takes', async () => {
    const nodes = new Uint8Array(2_000_100).map((_, index) => (index % 2 === 0 ? 0x0a : 0));

    expect((await refusalOf(proto(IR_8, [7, nodes]))).message).toBe(
      'model.onnx has more than 1000000 messages, the limit for an inspection',
    );
  });

  it('when it has more names than an inspection takes', async () => {
    const nodes = Array.from({ length: 600 }, () => node('x'.repeat(60_000)));

    expect((await refusalOf(modelOf(...nodes, X, Y))).message).toBe(
      'model.onnx has more than 33554432 bytes of names, the limit for an inspection',
    );
  });

  it('when too much of it would have to be read', async () => {
    const fieldBytes = 100_004;
    const window = new Uint8Array(2 ** 20);
    window.set([0x72, 0xa0, 0x8d, 0x06]);
    const source: ByteSource = {
      sizeBytes: 10_000 * fieldBytes,
      read: async (_, length) => window.subarray(0, length),
    };

    await expect(inspectOnnx(source, 'model.onnx', [])).rejects.toThrow(/the limit is 268435456$/);
  });
});

it('functions that become few nodes are taken, with the tensors of each copy', async () => {
  const { weightBytes } = await inspectOnnx(bytesSource(functions(14, 2)), 'model.onnx', []);

  expect(weightBytes).toBe(0);
});
