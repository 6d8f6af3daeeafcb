import { asTyped, commandOf, helpAsTyped } from '../../src/cli/typed.ts';

describe('the command that starts the program again', () => {
  it.each([
    ['npm start in a clone', '/clone/slipway.js', 'run-script', true, 'npm run -s slipway --'],
    ['node slipway.js in a clone', '/clone/slipway.js', undefined, true, 'npm run -s slipway --'],
    ['npx in a clone', '/clone/slipway.js', 'exec', true, 'npx slipway'],
    ['npx', '/home/me/.npm/_npx/1/node_modules/.bin/slipway', 'exec', false, 'npx slipway'],
    [
      'a script of a package',
      '/app/node_modules/slipway/slipway.js',
      'run-script',
      false,
      'npx slipway',
    ],
    ['the path', '/usr/local/bin/slipway', undefined, false, 'slipway'],
  ])('by %s', (_, script, npmCommand, isClone, command) => {
    expect(commandOf({ script, npmCommand, isClone })).toBe(command);
  });
});

it('commands in a text are as they have to be typed, and nothing else changes', () => {
  const text =
    '→ Start it with `slipway start`, or `slipway status`; slipway runs, and `slipway` too.';

  expect(asTyped(text, 'npx slipway')).toBe(
    '→ Start it with `npx slipway start`, or `npx slipway status`; slipway runs, and `slipway` too.',
  );
  expect(asTyped(text, 'slipway')).toBe(text);
});

it('commands of a help page are too', () => {
  const page = [
    'Usage: slipway [options]',
    'Where slipway keeps its data.',
    'Examples:',
    '  slipway push digits.onnx    what slipway does',
    '  SLIPWAY_KEY=… slipway invoke digits',
    '  source <(slipway completion bash)',
  ];

  expect(helpAsTyped(page.join('\n'), 'npx slipway').split('\n')).toEqual([
    'Usage: npx slipway [options]',
    'Where slipway keeps its data.',
    'Examples:',
    '  npx slipway push digits.onnx    what slipway does',
    '  SLIPWAY_KEY=… npx slipway invoke digits',
    '  source <(npx slipway completion bash)',
  ]);
});
