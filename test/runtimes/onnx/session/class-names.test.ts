import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classNames } from '../../../../runtimes/onnx/session/class-names.ts';
import { type Field, proto } from '../../../support/bytes/proto.ts';
import { IDENTITY, IR_8, modelOf, node, tensor } from '../../../support/models/onnx-bytes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-classes-'));
});
afterEach(() => rm(folder, { recursive: true }));

function namesOf(bytes: Uint8Array): readonly string[] {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  return classNames(path);
}

const told = (key: string, text: string): Field => [
  14,
  [
    [1, key],
    [2, text],
  ],
];
const withProperty = (key: string, text: string) =>
  proto(IR_8, [7, [IDENTITY]], told('author', '{0: "nobody"}'), told(key, text));

const STRING = 8;
const strings = (...names: string[]) => names.map((name): Field => [6, name]);

const classifier = (...labels: Field[]) =>
  node('LinearClassifier', [5, [[1, 'classlabels_strings'], ...labels]], [7, 'ai.onnx.ml']);
const label = (name: string): Field => [9, name];

describe('the names of the classes of a model in ONNX', () => {
  it.each([
    ['a list in JSON', 'slipway.classes', '["cat", "dog"]'],
    ['a map in JSON, as of transformers', 'id2label', '{"1": "dog", "0": "cat"}'],
    ['a map in JSON the other way', 'labels', '{"dog": 1, "cat": 0}'],
    ['a map of Python, as of Ultralytics', 'names', "{0: 'cat', 1: 'dog'}"],
    ['a name on each line', 'classes', 'cat\ndog\n'],
  ])('are read from its metadata: %s', (_, key, text) => {
    expect(namesOf(withProperty(key, text))).toEqual(['cat', 'dog']);
  });

  it('may have quotes of Python in them', () => {
    expect(namesOf(withProperty('names', `{0: "dog's", 1: 'it\\'s'}`))).toEqual(["dog's", "it's"]);
  });

  it('are the labels of its classifier, as scikit-learn has them', () => {
    expect(namesOf(modelOf(IDENTITY, classifier(label('no'), label('yes'))))).toEqual([
      'no',
      'yes',
    ]);
  });

  it('are the texts by which its graph names a number, as skl2onnx writes them', () => {
    const classes: Field = [5, tensor('classes', STRING, [2], ...strings('no', 'yes'))];
    const other: Field = [5, tensor('other', STRING, [2], ...strings('a', 'b'))];

    expect(namesOf(modelOf(IDENTITY, classes, other))).toEqual(['no', 'yes']);
  });

  it('are not guessed: where classes are their numbers, two lists differ, or a map has a gap', () => {
    const numbers = [
      5,
      [
        [1, 'classlabels_ints'],
        [8, 0],
        [8, 1],
      ],
    ] as const satisfies Field;
    const two = [classifier(label('no'), label('yes')), classifier(label('a'), label('b'))];

    expect(namesOf(modelOf(node('LinearClassifier', numbers)))).toEqual([]);
    expect(namesOf(modelOf(...two))).toEqual([]);
    expect(namesOf(withProperty('names', "{0: 'cat', 2: 'dog'}"))).toEqual([]);
    expect(namesOf(withProperty('labels', '3'))).toEqual([]);
    expect(namesOf(modelOf(IDENTITY))).toEqual([]);
  });
});
