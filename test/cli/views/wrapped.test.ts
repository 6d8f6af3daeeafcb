import { cutTo, wrapped } from '../../../src/cli/views/wrapped.ts';

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
