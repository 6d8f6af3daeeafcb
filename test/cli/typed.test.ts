import { delimiter } from 'node:path';
import { asTyped, commandOf, helpAsTyped } from '../../src/cli/typed.ts';

const CLONE = 'npm run -s slipway --';
const CACHED = '/home/me/.npm/_npx/1/node_modules/.bin/slipway';
const NPX = 'npx --package=';
const LOCAL = 'npx --no -- slipway';
const PATH = ['/usr/bin', '/usr/local/bin'].join(delimiter);

describe('the command that starts the program again', () => {
  it.each([
    ['npm start in a clone', '/clone/slipway.js', 'run-script', CLONE],
    ['node slipway.js in a clone', '/clone/slipway.js', undefined, CLONE],
    ['npx in a clone', '/clone/node_modules/.bin/slipway', 'exec', CLONE],
    ['a link to a clone on the path', '/usr/local/bin/slipway', undefined, 'slipway'],
  ])('by %s', (_, script, npmCommand, command) => {
    const isClone = true;

    expect(commandOf({ script, npmCommand, npmPackage: undefined, isClone, path: PATH })).toBe(
      command,
    );
  });

  it.each<readonly [string, string, string | undefined, string | undefined, string]>([
    ['the path', '/usr/local/bin/slipway', undefined, undefined, 'slipway'],
    ['npx in a project', '/app/node_modules/.bin/slipway', 'exec', undefined, LOCAL],
    ['its file in a project', '/app/node_modules/.bin/slipway', undefined, undefined, LOCAL],
    ['a project’s script', '/app/node_modules/slipway/slipway.js', 'run-script', undefined, LOCAL],
    [
      'npx with its file',
      CACHED,
      'exec',
      '/srv/slipway-9.tgz',
      `${NPX}/srv/slipway-9.tgz -- slipway`,
    ],
    ['npx of its file', CACHED, 'exec', undefined, `${NPX}./slipway-0.1.0.tgz -- slipway`],
  ])('of the packed command by %s', (_, script, npmCommand, npmPackage, command) => {
    expect(commandOf({ script, npmCommand, npmPackage, isClone: false, path: PATH })).toBe(command);
  });
});

it('commands in a text are as they have to be typed, and nothing else changes', () => {
  const text =
    '→ Start it with `slipway start`, or `slipway status`; slipway runs, and `slipway` too.';

  expect(asTyped(text, LOCAL)).toBe(
    '→ Start it with `npx --no -- slipway start`, or `npx --no -- slipway status`; slipway runs, and `slipway` too.',
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

  expect(helpAsTyped(page.join('\n'), LOCAL).split('\n')).toEqual([
    'Usage: npx --no -- slipway [options]',
    'Where slipway keeps its data.',
    'Examples:',
    '  npx --no -- slipway push digits.onnx    what slipway does',
    '  SLIPWAY_KEY=… npx --no -- slipway invoke digits',
    '  source <(npx --no -- slipway completion bash)',
  ]);
});
