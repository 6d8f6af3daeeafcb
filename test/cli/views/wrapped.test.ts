import { wrapped } from '../../../src/cli/views/wrapped.ts';

it('a text has its commands as they have to be typed, in lines that fit', () => {
  const text = 'put it there (`slipway push MODEL.onnx` does that) and wait';

  expect(wrapped(text, 40, '  ', 'npm run -s slipway --')).toEqual([
    'put it there',
    '  (`npm run -s slipway -- push',
    '  MODEL.onnx` does that) and wait',
  ]);
});
