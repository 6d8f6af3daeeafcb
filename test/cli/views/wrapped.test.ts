import { cutTo, fitted, wrapped } from '../../../src/cli/views/wrapped.ts';

it('a text has its commands as they have to be typed, in lines that fit', () => {
  const text = 'put it there (`slipway push MODEL.onnx` does that) and wait';

  expect(wrapped(text, 40, '  ', 'npm run -s slipway --')).toEqual([
    'put it there',
    '  (`npm run -s slipway -- push',
    '  MODEL.onnx` does that) and wait',
  ]);
});

it('a letter that takes two columns of a terminal counts for two', () => {
  expect(wrapped('モデル モデル モデル', 14, '')).toEqual(['モデル モデル', 'モデル']);
  expect(cutTo('モデルです', 8)).toBe('モデル…');
  expect(cutTo('モデル', 6)).toBe('モデル');
});

describe('a line of a view on a terminal', () => {
  it.each([
    ['that fits is as it is', 'made by    scikit-learn', ['made by    scikit-learn']],
    [
      'goes on below where its last column begins',
      'served by  the ONNX server: it answers as the framework',
      ['served by  the ONNX server: it', '           answers as the', '           framework'],
    ],
    [
      'has a last column far to the right below itself',
      '* lambda   1,769  1.00  ~3  fits in 1769 of 10240 MiB',
      ['* lambda   1,769  1.00  ~3', '    fits in 1769 of 10240 MiB'],
    ],
    [
      'that says what to do goes on below what it says',
      '      → docs/security.md says what each wall needs',
      ['      → docs/security.md says', '        what each wall needs'],
    ],
    [
      'stays whole if it is to be pasted',
      '           allowPickle: [a.module.Name, another.module.Name]',
      ['           allowPickle: [a.module.Name, another.module.Name]'],
    ],
  ])('%s', (_, line, lines) => {
    expect(fitted(line, 30)).toEqual(lines);
    expect(fitted(line, undefined)).toEqual([line]);
  });
});
