import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printable, printableJson, printableLine } from '../../src/cli/terminal.ts';

const CLI = join(import.meta.dirname, '../../src/cli');

describe('a text that others wrote, on a terminal', () => {
  it.each([
    ['keeps letters of every script', 'Zürich 東京 שלום 👩‍🔬', 'Zürich 東京 שלום 👩‍🔬'],
    ['keeps line ends and tabs', 'one\ttwo\nthree', 'one\ttwo\nthree'],
    ['loses colours', '\u001b[31mred\u001b[0m', 'red'],
    ['loses colours that begin with one character', '\u009b31mred', 'red'],
    ['loses a title of the window', '\u001b]0;pwned\u0007text', 'text'],
    ['shows a bell', 'ding\u0007', 'ding\\x07'],
    ['shows an escape that begins no sequence', 'a\u001b', 'a\\x1b'],
    ['shows the return that would overwrite its line', 'Rejected\rLive', 'Rejected\\x0dLive'],
    ['shows a backspace', 'ab\u0008c', 'ab\\x08c'],
    ['shows an order of letters', 'model\u202egpj.exe', 'model\\u202egpj.exe'],
    ['shows an isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['shows a next line of C1', 'a\u0085b', 'a\\x85b'],
  ])('%s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('adds no line to one line', () => {
    expect(printableLine('label\nLive  iris v1')).toBe('label\\nLive  iris v1');
  });
});

it('JSON has no character that a terminal acts on, and is read as the same value', () => {
  const value = { name: 'a\u001b[2J\u009b1m\u202e\u2028\u007f\n' };

  const text = printableJson(value);

  expect(text).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(text)).toEqual(value);
});

it('the command line writes by one file alone', () => {
  const files = readdirSync(CLI, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );

  const writing = files.filter((name) =>
    /\bconsole\.(?:log|error|warn|info|debug|table)\(|process\.std(?:out|err)\.write|\bwriteSync\(/.test(
      readFileSync(join(CLI, name), 'utf8'),
    ),
  );

  expect(writing.sort()).toEqual(['program.ts', 'terminal.ts']);
});
