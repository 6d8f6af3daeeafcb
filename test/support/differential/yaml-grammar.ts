import { readText } from '#formats/bytes/text-file.ts';
import { parseMlmodel } from '#formats/mlflow/model.ts';
import { memoryFile } from '../bytes/archive-files.ts';
import { artifactOf, bytesOf, modelsOf } from '../models/saved.ts';
import { type Chance, mutated } from './chance.ts';
import type { Subject } from './subject.ts';

const MAX_BYTES = 2 ** 20;

const saved = modelsOf('mlflow')
  .filter((name) => artifactOf('mlflow', name).some((file) => file.name === 'MLmodel'))
  .map((name) => bytesOf('mlflow', `${name}/MLmodel`));

const KEYS = [
  ...[
    'flavors',
    'python_function',
    'sklearn',
    'xgboost',
    'loader_module',
    'pickled_model',
    'data',
    'model_class',
    'mlflow_version',
  ],
  ...[
    'signature',
    'inputs',
    'outputs',
    'saved_input_example_info',
    'artifact_path',
    'type',
    'code',
    'a',
    'b',
  ],
];
const ODD_KEYS = [
  ...[
    '<<',
    'yes',
    'null',
    '~',
    '1',
    '1.0',
    '"a"',
    "'b'",
    '"\\x61"',
    '? a\n',
    '',
    '!!str a',
    '&k a',
    '*k',
    '[a]',
    '{a: 1}',
    '=',
    'a b',
    'é',
  ],
  ...[
    '0x1',
    '1_0',
    '2026-11-27',
    '.inf',
    'no',
    'a#b',
    'a: b',
    '-',
    '- a',
    '"\\u2028"',
    '"a\\\n b"',
    'on',
    '12:30',
  ],
];
const VALUES = [
  ...[
    'mlflow.sklearn',
    'model.pkl',
    '1.10',
    '3.11.7',
    '2.9.2',
    'null',
    '~',
    'true',
    'no',
    '0o17',
    '017',
    '1_000',
    '12:30:45',
  ],
  ...[
    '2026-11-27',
    '2026-11-27 10:00:00',
    '0x1F',
    '.nan',
    '1e3',
    '"a\\tb"',
    "'it''s'",
    '"\\x41\\u00e9"',
    'a #b',
    'a#b',
    'a: b',
    '"a',
  ],
  ...[
    '[1, 2]',
    '{a: 1}',
    '{a, b: c}',
    '[a, [b], {c: d}]',
    '!!binary YQ==',
    '!!python/object:os.system x',
    '&a x',
    '*a',
    '!x y',
    '- a',
    '%x',
  ],
  ...[
    '|\n  a\n  b',
    '>\n  a\n\n  b',
    '|-\n  a',
    '|+\n  a\n',
    '>2\n   a',
    '"a\n  b"',
    'a\n  b',
    "'a\n\n  b'",
    '',
    '@a',
    '`a',
    '|2-\n    a',
    '"\\/"',
    '"\\e"',
  ],
  ...[
    '"\\N"',
    '"\\_"',
    '[a,]',
    '{a: b,}',
    '[]',
    '{}',
    '"a\\\n  b"',
    'a\\',
    '=',
    '<<',
    '[a: b]',
    '{? a}',
    '{"a":b}',
    '{a:b}',
    '[a\n  , b]',
    "''",
    'a\u00a0',
    '+.inf',
  ],
];
const BREAKS = [
  '\n',
  '\n',
  '\n',
  '\n',
  '\n',
  '\n',
  '\n',
  '\r\n',
  '\r',
  '\u0085',
  '\u2028',
  '\n\n',
  ' \n',
  ' # x\n',
  '\t\n',
  '\n# y\n',
  '\n...\n',
  '\n---\n',
];

/** `MLmodel` files: real ones with changes, and any text that YAML can write, in its two versions. */
export const mlmodels: Subject = {
  reader: 'yamls',
  make(chance) {
    if (chance.is(0.35)) return edited(chance);
    const text = `${chance.is(0.02) ? chance.pick(['%YAML 1.1\n---\n', '---\n', '\ufeff', '# c\n', '%TAG ! x\n---\n']) : ''}flavors:\n${map(chance, 2, 2)}${map(chance, 0, 1)}`;
    return Buffer.from(text);
  },
  async inspect(bytes) {
    return parseMlmodel(await readText(memoryFile('MLmodel', bytes), MAX_BYTES), 'MLmodel');
  },
};

/** A real one, of which a line is doubled, cut out, or has another value. */
function edited(chance: Chance): Buffer {
  const whole = chance.pick(saved);
  if (chance.is(0.3)) return mutated(whole, saved, chance);
  const lines = whole.toString().split('\n');
  const at = chance.below(lines.length);
  const indent = /^ */.exec(lines[at] ?? '')?.[0].length ?? 0;
  const way = chance.below(4);
  if (way === 0) lines.splice(at, 1);
  else if (way === 1) lines.splice(at, 0, map(chance, indent, 1));
  else if (way === 2) lines[at] = (lines[at] ?? '').replace(/:.*/, `: ${chance.pick(VALUES)}`);
  else lines[at] = (lines[at] ?? '').replace(/[\w.]+(?=:)/, chance.pick(ODD_KEYS));
  return Buffer.from(lines.join('\n'));
}

function map(chance: Chance, indent: number, depth: number): string {
  const spaces = ' '.repeat(indent);
  return Array.from({ length: 1 + chance.below(3) }, () => {
    const key = chance.is(0.92) ? chance.pick(KEYS) : chance.pick(ODD_KEYS);
    const end = chance.is(0.85) ? '\n' : chance.pick(BREAKS);
    if (depth > 0 && chance.is(0.5))
      return `${spaces}${key}:${end}${map(chance, indent + chance.pick([2, 2, 2, 1, 4]), depth - 1)}`;
    const value = chance.pick(VALUES).replaceAll('\n', `\n${spaces}`);
    return `${spaces}${key}:${chance.is(0.97) ? ' ' : chance.pick(['', '  ', '\t'])}${value}${end}`;
  }).join('');
}
