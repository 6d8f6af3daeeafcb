import { canRedraw } from '../../src/cli/output.ts';

it.each([
  { says: 'a terminal', isTTY: true, TERM: 'xterm-256color', expected: true },
  { says: 'a terminal that says nothing', isTTY: true, TERM: undefined, expected: true },
  { says: 'a terminal that only prints', isTTY: true, TERM: 'dumb', expected: false },
  { says: 'a file', isTTY: false, TERM: 'xterm-256color', expected: false },
])('live lines on $says: $expected', ({ isTTY, TERM, expected }) => {
  expect(canRedraw({ isTTY }, { TERM })).toBe(expected);
});
