import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  callsOf,
  literalsOf,
  pythonCallsOf,
  pythonLiteralsOf,
} from '../support/wording/literals.ts';

const RUNTIMES = join(import.meta.dirname, '../../runtimes');
const ONNX = join(RUNTIMES, 'onnx');
const PYTHON = join(RUNTIMES, 'python/slipway_server');
const TABLE = readFileSync(join(ONNX, 'messages.json'), 'utf8');
const MESSAGES: Readonly<Record<string, string>> = JSON.parse(TABLE);

/** Texts that both servers have and that are not sentences: headers, markup, and the samples that are sent to models. */
const NOT_SENTENCES: ReadonlySet<string> = new Set([
  'text/html; charset=utf-8',
  'text/csv; charset=utf-8; header={}',
  '-H "authorization: Bearer $SLIPWAY_KEY"',
  'curl -s {}{}/example.json{} | {} -d @-',
  '/sys/fs/cgroup/cpu.stat',
  'Who wrote the first program?',
  'Ada Lovelace wrote the first program in London.',
]);

const onnx = sourcesIn(ONNX, '.ts');
const python = sourcesIn(PYTHON, '.py');

it('both servers have the same messages', () => {
  expect(readFileSync(join(PYTHON, 'messages.json'), 'utf8')).toBe(TABLE);
});

it('no sentence stands in both servers', () => {
  const ours = new Set(onnx.flatMap(literalsOf).map(({ text }) => text));
  const theirs = new Set(python.flatMap(pythonLiteralsOf).map(({ text }) => text));
  const twice = [...ours].filter((text) => theirs.has(text) && isSentence(text));

  expect(ours.size).toBeGreaterThan(500);
  expect(theirs.size).toBeGreaterThan(1_000);
  expect(twice.filter((text) => !NOT_SENTENCES.has(text))).toEqual([]);
});

it.each([
  ['the ONNX server', onnx.flatMap(callsOf)],
  ['the Python server', python.flatMap(pythonCallsOf)],
])('%s says every message, with as many values as it has places', (_server, calls) => {
  const wrong = calls.filter(({ name, values }) => values !== placesIn(MESSAGES[name]));
  const said = new Set(calls.map(({ name }) => name));

  expect(wrong).toEqual([]);
  expect(Object.keys(MESSAGES).filter((name) => !said.has(name))).toEqual([]);
});

it.each([
  ["x = f'{a[0]} is {b!r}; it takes' ' a list'", '{} is {}; it takes a list'],
  ['x = rb"a\\"b" # "no"', 'a"b'],
  ['x = f"{{a}} {len(b)}"', '{a} {}'],
])('the texts of Python are read: %j', (source, text) => {
  expect(pythonLiteralsOf(source).map((each) => each.text)).toEqual([text]);
});

it('the values of a call in Python are counted', () => {
  const source = 'worded("a", f(x, y), ", ".join(z)) + worded("b")';

  expect(pythonCallsOf(source)).toEqual([
    { name: 'a', values: 2 },
    { name: 'b', values: 0 },
  ]);
});

function sourcesIn(folder: string, ending: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** Whether a text has three words of a language, and not names of a program. */
function isSentence(text: string): boolean {
  const words = text.split(/[^\w'.-]+/).filter((word) => /[A-Za-z]{2}/.test(word));
  return words.filter((word) => !word.includes('_')).length >= 3;
}

function placesIn(message: string | undefined): number {
  return message === undefined ? Number.NaN : (message.match(/\{[A-Za-z]+\}/g) ?? []).length;
}
