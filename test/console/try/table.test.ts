import type { Column } from '../../../console/try/form.ts';
import { nested, tableRequest } from '../../../console/try/request.ts';
import {
  cellValue,
  faultOf,
  MOST_ROWS,
  parseTable,
  readTable,
} from '../../../console/try/table.ts';

const COLUMNS: readonly Column[] = [
  { name: 'length', kind: 'number', isOptional: false, example: '' },
  { name: 'rooms', kind: 'whole', isOptional: false, example: '' },
  { name: 'district', kind: 'text', isOptional: true, example: '' },
];

describe('a table that is pasted', () => {
  it.each([
    { from: 'a spreadsheet', text: 'length\trooms\tdistrict\n5.1\t3\tMitte\n4\t2\tNord\n' },
    { from: 'CSV', text: 'length,rooms,district\r\n5.1,3,Mitte\r\n4,2,Nord' },
    { from: 'CSV with semicolons', text: '\uFEFFlength;rooms;district\n5.1;3;Mitte\n4;2;Nord\n\n' },
    { from: 'columns in another order', text: 'district,rooms,length\nMitte,3,5.1\nNord,2,4' },
    { from: 'cells alone', text: '5.1,3,Mitte\n4,2,Nord' },
  ])('from $from becomes rows in the order of the model', ({ text }) => {
    expect(readTable(text, COLUMNS)).toEqual({
      rows: [
        ['5.1', '3', 'Mitte'],
        ['4', '2', 'Nord'],
      ],
      unknown: [],
      missing: [],
    });
  });

  it('says which of its columns the model has not, and which of the model’s it has not', () => {
    expect(readTable('id,length,rooms\n1,5.1,3', COLUMNS)).toEqual({
      rows: [['5.1', '3', '']],
      unknown: ['id'],
      missing: ['district'],
    });
  });

  it('of a first row that is text like all others has no names', () => {
    const texts = [{ name: 'text', kind: 'text', isOptional: false, example: '' }] as const;

    expect(readTable('hello\nworld', texts).rows).toEqual([['hello'], ['world']]);
  });

  it('keeps quotes, separators and line ends in a quoted cell', () => {
    expect(parseTable('"a ""b""",c\n"d\ne",f')).toEqual([
      ['a "b"', 'c'],
      ['d\ne', 'f'],
    ]);
  });

  it('of nothing has no rows', () => {
    expect(parseTable('')).toEqual([]);
    expect(readTable(' \n\n', COLUMNS).rows.length).toBeLessThan(2);
  });

  it('has no more rows than a request holds', () => {
    const text = Array.from({ length: MOST_ROWS + 5 }, () => '1,2,x').join('\n');

    expect(readTable(text, COLUMNS).rows).toHaveLength(MOST_ROWS);
  });
});

describe('a cell', () => {
  it.each([
    ['5.1', 'number', 5.1],
    [' 5 ', 'whole', 5],
    ['1e3', 'number', 1000],
    ['', 'number', null],
    ['', 'text', ''],
    ['12', 'text', '12'],
    ['true', 'truth', true],
    ['FALSE', 'truth', false],
    ['abc', 'number', 'abc'],
    ['9007199254740993', 'whole', '9007199254740993'],
    ['1e999', 'number', '1e999'],
  ] as const)('%j of a column of the kind %s is sent as %j', (cell, kind, value) => {
    expect(cellValue(cell, { kind })).toEqual(value);
  });

  it.each([
    ['5.1', 'number', false, ''],
    ['abc', 'number', false, 'a number'],
    ['5.5', 'whole', false, 'a whole number'],
    ['maybe', 'truth', false, 'true or false'],
    ['', 'number', true, ''],
    ['abc', 'text', false, ''],
  ] as const)(
    '%j of a column of the kind %s is told wrong before it is sent',
    (cell, kind, isOptional, fault) => {
      expect(faultOf(cell, { kind, isOptional })).toBe(fault);
    },
  );
});

describe('the request of a table', () => {
  it('has its rows by name', () => {
    expect(tableRequest(COLUMNS, [['5.1', '3', 'Mitte']], true)).toEqual({
      path: '/invocations',
      body: { kind: 'json', value: { inputs: [{ length: 5.1, rooms: 3, district: 'Mitte' }] } },
    });
  });

  it('of a matrix has lists', () => {
    expect(tableRequest(COLUMNS, [['5.1', '3', 'x']], false).body).toEqual({
      kind: 'json',
      value: { inputs: [[5.1, 3, 'x']] },
    });
  });

  it('has a column that is called __proto__ as any other', () => {
    const columns: readonly Column[] = [
      { name: '__proto__', kind: 'number', isOptional: false, example: '' },
    ];

    const { body } = tableRequest(columns, [['1']], true);

    expect(JSON.stringify(body.kind === 'json' && body.value)).toBe('{"inputs":[{"__proto__":1}]}');
  });
});

it.each([
  {
    values: [1, 2, 3, 4],
    shape: [1, 2, 2],
    expected: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  },
  { values: [1, 2, 3], shape: [-1], expected: [1, 2, 3] },
  { values: [1, 2, 3], shape: [1, -1], expected: [[1, 2, 3]] },
  {
    values: [1, 2, 3, 4],
    shape: [-1, 2, 2],
    expected: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  },
])('$values in the shape $shape are nested as $expected', ({ values, shape, expected }) => {
  expect(nested(values, shape)).toEqual(expected);
});
