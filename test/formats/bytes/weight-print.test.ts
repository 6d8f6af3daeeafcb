import { printerOf, printOfList, printOfTexts, wholePrinter } from '#formats/bytes/weight-print.ts';

const doubles = (values: readonly number[]) => new Uint8Array(new Float64Array(values).buffer);
const NUMBERS = Array.from({ length: 40 }, (_, at) => Math.sin(at + 1));

/** The print of bytes that come in chunks of such a length. */
function printed(bytes: Uint8Array, chunk = bytes.length, numberBytes: 4 | 8 | null = 8) {
  const { see, print } = printerOf(bytes.length, numberBytes);
  for (let at = 0; at < bytes.length; at += chunk) see(bytes.subarray(at, at + chunk));
  return print();
}

describe('the print of numbers', () => {
  it('has at most 16 pieces of whole numbers, however the bytes come', () => {
    const found = printed(doubles(NUMBERS));

    expect(found).toMatchObject({ bytes: 320, magnitudes: 40 });
    expect(found.pieces).toHaveLength(14);
    expect(new Set(found.pieces).size).toBe(14);
    for (const chunk of [1, 7, 24, 100]) expect(printed(doubles(NUMBERS), chunk)).toEqual(found);
  });

  it('differs in one piece where one number does', () => {
    const [before, after] = [NUMBERS, NUMBERS.with(20, 0.5)].map((each) => printed(doubles(each)));
    const differing = before?.pieces.flatMap((piece, at) =>
      piece === after?.pieces[at] ? [] : at,
    );

    expect(differing).toEqual([6]);
  });

  it('has no digest of bytes that are all equal', () => {
    expect(printed(doubles([...new Array<number>(10).fill(0), 1])).pieces).toEqual([
      ...new Array<string>(10).fill(''),
      expect.stringMatching(/^[0-9a-f]{8}$/),
    ]);
  });

  it.each<[string, Uint8Array, 4 | 8 | null, number | null]>([
    ['of doubles', doubles([0, 1, -1, 2, 0, -2]), 8, 2],
    ['of single precision', new Uint8Array(new Float32Array([0, 1, -1, 0.5]).buffer), 4, 2],
    ['that are not fractions', doubles([1, 2]), null, null],
    ['of very many', doubles(Array.from({ length: 1000 }, (_, at) => at)), 8, 256],
  ])('counts the magnitudes %s besides zero', (_, bytes, numberBytes, magnitudes) => {
    expect(printed(bytes, bytes.length, numberBytes).magnitudes).toBe(magnitudes);
  });
});

describe('the print of a list', () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, at) => {
      const { see, print } = wholePrinter();
      see(doubles([at]));
      see(doubles([at + 0.5]));
      return print();
    });

  it('of one item is that of the item', () => {
    const [only] = items(1);

    expect(printOfList(items(1))).toEqual(only);
  });

  it('has at most 64 pieces of whole items', () => {
    const found = printOfList(items(130));

    expect(found).toMatchObject({ bytes: 130 * 16, magnitudes: null });
    expect(found.pieces).toHaveLength(44);
    expect(printOfTexts(['a', 'b'])).not.toEqual(printOfTexts(['ab', 'b']));
  });
});
