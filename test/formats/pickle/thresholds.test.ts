import type { Thresholds } from '#domain/artifact/column-range.ts';
import { thresholdsIn } from '#formats/pickle/thresholds.ts';
import type { DType } from '#formats/pickle/values.ts';

type Node = {
  readonly column?: number;
  readonly threshold?: number;
  readonly children?: readonly [left: number, right: number];
  readonly rows?: number;
  readonly goesLeft?: boolean;
};

const FIELDS = {
  left_child: 'i8',
  right_child: 'i8',
  feature: 'i8',
  threshold: 'f8',
  n_node_samples: 'i8',
  missing_go_to_left: 'u1',
} as const;
const ITEM_BYTES = 48;

function dtype(
  without: readonly string[] = [],
  codes: Readonly<Record<string, string>> = {},
): DType {
  const fields = Object.entries(FIELDS).map(
    ([name, code], at) => [name, { start: 8 * at, code: codes[name] ?? code }] as const,
  );
  return {
    kind: 'dtype',
    code: 'V48',
    itemBytes: ITEM_BYTES,
    isBuilt: true,
    fields: new Map(fields.filter(([name]) => !without.includes(name))),
  };
}

function bytesOf(nodes: readonly Node[]): Buffer {
  return Buffer.concat(
    nodes.map(({ column = -2, threshold = -2, children = [-1, -1], rows = 1, goesLeft }) => {
      const bytes = Buffer.alloc(ITEM_BYTES);
      for (const [at, child] of children.entries()) bytes.writeBigInt64LE(BigInt(child), 8 * at);
      bytes.writeBigInt64LE(BigInt(column), 16);
      bytes.writeDoubleLE(threshold, 24);
      bytes.writeBigInt64LE(BigInt(rows), 32);
      bytes.writeUInt8(Number(goesLeft ?? false), 40);
      return bytes;
    }),
  );
}

function missingIn(nodes: readonly Node[], type = dtype()): readonly number[] {
  const thresholds: Thresholds = new Map();
  const see = thresholdsIn(type, thresholds);
  const bytes = bytesOf(nodes);
  // The bytes of a node may come in two pieces.
  for (let at = 0; at < bytes.length; at += 20) see?.(bytes.subarray(at, at + 20));
  return [...thresholds].flatMap(([column, { hasMissing }]) => (hasMissing ? [column] : []));
}

const split = (goesLeft: boolean, more: Partial<Node> = {}): Node => ({
  column: 3,
  threshold: 0.5,
  children: [1, 2],
  goesLeft,
  ...more,
});

describe('the nodes of a tree show that values were missing', () => {
  it.each<[string, readonly Node[], readonly number[]]>([
    ['where they go to the child with fewer rows', [split(true), { rows: 3 }, { rows: 9 }], [3]],
    [
      'where they go right, and that is not the larger',
      [split(false), { rows: 9 }, { rows: 3 }],
      [3],
    ],
    ['where they go left of two as large', [split(true), { rows: 3 }, { rows: 3 }], [3]],
    ['where a split is between them and all others', [split(true, { threshold: Infinity })], [3]],
    ['not where they go to the larger child', [split(true), { rows: 9 }, { rows: 3 }], []],
    ['not where they go right of two as large', [split(false), { rows: 3 }, { rows: 3 }], []],
    ['not where the tree ends before its children', [split(true), { rows: 3 }], []],
    ['not where a child is the node itself', [split(true, { children: [0, 1] }), { rows: 3 }], []],
    [
      'not where a child lies beyond all',
      [split(true, { children: [1, 2 ** 31] }), { rows: 3 }],
      [],
    ],
  ])('%s', (_, nodes, columns) => {
    expect(missingIn(nodes)).toEqual(columns);
  });

  it.each<[string, DType]>([
    ['has no directions, as before 1.3', dtype(['missing_go_to_left'])],
    ['has no numbers of rows', dtype(['n_node_samples'])],
    ['has numbers of rows that are fractions', dtype([], { n_node_samples: 'f8' })],
    ['has no thresholds', dtype(['threshold'])],
  ])('and not where a tree %s', (_, type) => {
    expect(missingIn([split(true), { rows: 3 }, { rows: 9 }], type)).toEqual([]);
  });
});
