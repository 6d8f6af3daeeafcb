import { inspectSavedModel } from '#formats/savedmodel/inspect.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { type Field, proto } from '../../support/bytes/proto.ts';

const PB = 'saved_model.pb';
const node = (operator: string, ...called: readonly string[]): readonly Field[] => [
  [2, operator],
  ...called.map(
    (name): Field => [
      5,
      [
        [1, 'f'],
        [2, [[10, [[1, name]]]]],
      ],
    ],
  ),
];
const functionOf = (name: string, ...nodes: readonly (readonly Field[])[]): Field => [
  1,
  [[1, [[1, name]]], ...nodes.map((each): Field => [3, each])],
];

/** A SavedModel whose graph has these functions, and no signature. */
function inspected(...functions: readonly Field[]) {
  const graph: readonly Field[] = [[2, functions]];
  const meta: readonly Field[] = [
    [1, [[4, 'serve']]],
    [2, graph],
  ];
  return inspectSavedModel([memoryFile(PB, Buffer.from(proto([2, meta])))], '.');
}

const call = (name: string) => node('PartitionedCall', name);
const chain = (length: number, times: number) =>
  Array.from({ length }, (_, at) =>
    functionOf(`f${at}`, ...Array.from({ length: times }, () => call(`f${at + 1}`)), node('Add')),
  );

describe('the functions of a SavedModel', () => {
  it('may call each other', async () => {
    await expect(inspected(...chain(50, 1), functionOf('f50', node('Add')))).rejects.toThrow(
      'has no signature `serving_default`',
    );
  });

  it.each<[string, readonly Field[], string]>([
    ['that calls itself', [functionOf('f', call('f'))], 'its function `f` calls itself'],
    [
      'that calls itself by another',
      [functionOf('f', call('g')), functionOf('g', call('f'))],
      'its function `f` calls itself',
    ],
    [
      'that calls itself by an operator of its own name',
      [functionOf('f', node('g')), functionOf('g', node('f'))],
      'its function `f` calls itself',
    ],
    [
      'that calls itself in a branch',
      [functionOf('f', node('StatelessIf', 'g', 'f')), functionOf('g', node('Add'))],
      'its function `f` calls itself',
    ],
    [
      'that calls itself in one of several cases',
      [
        functionOf('f', [
          [2, 'Case'],
          [
            5,
            [
              [1, 'branches'],
              [2, [[1, [[9, [[1, 'f']]]]]]],
            ],
          ],
        ]),
      ],
      'its function `f` calls itself',
    ],
    [
      'that is more than there is memory for once it is written out',
      chain(40, 2),
      'nodes once all that it calls is written out; the limit is 5000000',
    ],
    [
      'in which calls are nested without end',
      chain(5000, 1),
      'its functions call each other more than 100 deep',
    ],
  ])('refuse one %s', async (_, functions, message) => {
    await expect(inspected(...functions)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    'EagerPyFunc',
    'ReadFile',
    'TextLineReaderV2',
    'InitializeTableFromTextFileV2',
    'ImmutableConst',
    'TFRecordDataset',
  ])('refuse the operator %s, which reaches files or Python', async (operator) => {
    await expect(inspected(functionOf('f', node(operator)))).rejects.toThrow(
      `has the operator \`${operator}\`, which runs code or reads files outside the graph`,
    );
  });
});
