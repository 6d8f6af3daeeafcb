import allowed from '#formats/data/pickle-globals.json' with { type: 'json' };
import { numbers } from '../bytes/zip.ts';
import { pickleOf } from '../models/pickles.ts';
import type { Chance } from './chance.ts';
import { inspectedPickle } from './pickle-subject.ts';
import type { Subject } from './subject.ts';

type Name = readonly [module: string, name: string];

const namesOf = (names: Readonly<Record<string, readonly string[]>>): readonly Name[] =>
  Object.entries(names).flatMap(([module, list]) => list.map((name): Name => [module, name]));

const CALLED = namesOf(allowed.call);
const MADE = namesOf(allowed.new);
const NAMED = [...namesOf(allowed.value), ...CALLED, ...MADE];
const FILLED = namesOf(allowed.fill);

// Names that do harm, or would do so under another name.
const HOSTILE: readonly Name[] = [
  ['os', 'system'],
  ['posix', 'system'],
  ['builtins', 'eval'],
  ['builtins', 'getattr'],
  ['__builtin__', 'set'],
  ['__builtin__', 'xrange'],
  ['copy_reg', '_reconstructor'],
  ['builtins', 'print'],
  ['builtins', 'set.__class__'],
  ['numpy', 'dtype.__class__'],
  ['numpy', 'load'],
  ['joblib', 'load'],
  ['sklearn.utils', 'os'],
  ['UserDict', 'IterableUserDict'],
];
const ESTIMATOR: Name = ['sklearn.linear_model._base', 'LinearRegression'];
const WRAPPER: Name = ['joblib.numpy_pickle', 'NumpyArrayWrapper'];

// Attributes, fields and texts that are read for something, and those that are odd.
const WORDS = [
  ...[
    '',
    'a',
    'b',
    'coef_',
    'dtype',
    'shape',
    'order',
    'subclass',
    'allow_mmap',
    'names',
    'é',
    '\ud800',
  ],
  ...[
    '__class__',
    '__dict__',
    '__setstate__',
    '__reduce__',
    '__module__',
    '_sklearn_version',
    '1.8.0',
    'feature_names_in_',
  ],
  ...[
    'n_features_in_',
    'classes_',
    'numpy_array_alignment_bytes',
    'f8',
    '<f8',
    '|O',
    'O8',
    'i4',
    'V8',
    'latin1',
    'utf-16',
  ],
  ...[
    'C',
    'F',
    '<',
    '|',
    'x\0y',
    'a\\u0041',
    '\u2028',
    'a b',
    "it's",
    'MT19937',
    'PCG64',
    '0',
    'x'.repeat(300),
  ],
] as const;
const TYPES = [
  'f8',
  'i8',
  'f4',
  'b1',
  'O8',
  'U3',
  'S2',
  'V8',
  'c16',
  'M8',
  '<f8',
  '?',
  'O4',
  'f8,i4',
  'u1',
  'U0',
  'f16',
];

/** Pickles by their grammar: most leave the stack as Python wants it, and are odd in one place or another. */
export const grammaticalPickles: Subject = {
  reader: 'pickles',
  make(chance) {
    const begin = chance.is(0.9) ? pickleOf(0x80, chance.pick([0, 1, 2, 2, 3, 4, 4, 5, 6])) : none;
    const inner = chance.is(0.4) ? estimator(chance) : expression(chance, 5);
    const body = Buffer.concat([...some(chance, 3, () => statement(chance, 3)), inner]);
    const frame = chance.is(0.15)
      ? pickleOf(0x95, numbers([8, body.length + chance.pick([0, 0, 1, -1, 7])]))
      : none;
    return Buffer.concat([begin, frame, body, chance.is(0.98) ? pickleOf('.') : none]);
  },
  inspect: inspectedPickle,
};

const none = Buffer.alloc(0);

function some(chance: Chance, most: number, make: () => Uint8Array): Uint8Array[] {
  return Array.from({ length: chance.below(most + 1) }, make);
}

function estimator(chance: Chance): Uint8Array {
  const parts = [
    global(chance, chance.is(0.7) ? ESTIMATOR : chance.pick(MADE)),
    pickleOf(')', 0x81),
  ];
  const state = chance.is(0.8) ? dict(chance, 4) : expression(chance, 4);
  return Buffer.concat([...parts, ...some(chance, 1, () => memo(chance)), state, pickleOf('b')]);
}

/** Opcodes that leave the stack as it was. */
function statement(chance: Chance, depth: number): Uint8Array {
  switch (chance.below(7)) {
    case 0:
      return pickleOf('(', ...some(chance, 2, () => expression(chance, depth - 1)), '1');
    case 1:
      return pickleOf('(0');
    case 2:
      return pickleOf(0x80, chance.pick([2, 3, 4, 5]));
    case 3:
      return pickleOf(0x95, numbers([8, chance.pick([0, 1, 5, 40, 1000])]));
    default:
      return pickleOf(expression(chance, depth), memo(chance), '0');
  }
}

function memo(chance: Chance): Uint8Array {
  const index = chance.below(6);
  switch (chance.below(5)) {
    case 0:
      return pickleOf(
        'p',
        chance.pick([`${index}\n`, `0${index}\n`, `${index} \n`, `+${index}\n`, '-1\n', '70000\n']),
      );
    case 1:
      return pickleOf('q', index);
    case 2:
      return pickleOf(
        'r',
        numbers([4, chance.pick([index, index, 255, 256, 100_000, 0xffffffff])]),
      );
    default:
      return pickleOf(0x94);
  }
}

/** Opcodes that put one object on the stack. */
export function expression(chance: Chance, depth: number): Buffer {
  const made = Buffer.from(depth <= 0 || chance.is(0.35) ? plain(chance) : composed(chance, depth));
  return chance.is(0.25) ? Buffer.concat([made, memo(chance)]) : made;
}

function composed(chance: Chance, depth: number): Uint8Array {
  const inner = () => expression(chance, depth - 1);
  switch (chance.below(22)) {
    case 0:
    case 1:
      return list(chance, depth);
    case 2:
    case 3:
      return dict(chance, depth);
    case 4:
    case 5:
      return tuple(chance, depth);
    case 6:
      return pickleOf(0x8f, '(', ...some(chance, 3, inner), 0x90);
    case 7:
      return pickleOf('(', ...some(chance, 3, inner), chance.pick([0x91, 'l', 't', 'd']));
    case 8:
      return pickleOf(global(chance, chance.pick(CALLED)), tuple(chance, depth), 'R');
    case 9:
      return pickleOf(global(chance, chance.pick(MADE)), tuple(chance, depth), 0x81);
    case 10:
      return pickleOf(global(chance, chance.pick(MADE)), ')', dict(chance, depth), 0x92);
    case 11:
      return pickleOf('(', global(chance, chance.pick(NAMED)), ...some(chance, 2, inner), 'o');
    case 12: {
      const [module, name] = chance.pick(NAMED);
      return pickleOf('(', ...some(chance, 2, inner), 'i', `${module}\n${name}\n`);
    }
    case 13:
      return pickleOf(instance(chance), state(chance, depth), 'b');
    case 14:
      return array(chance, depth);
    case 15:
      return dtype(chance, depth);
    case 16:
      return wrapped(chance, depth);
    case 17:
      return scalar(chance, depth);
    case 18:
      return collection(chance, depth);
    case 19:
      return inside(chance, depth);
    case 20:
      return pickleOf(inner(), '2', '0');
    default:
      return odd(chance, depth);
  }
}

function instance(chance: Chance): Uint8Array {
  return pickleOf(global(chance, chance.pick(MADE)), ')', 0x81);
}

function state(chance: Chance, depth: number): Uint8Array {
  const slots = () => dict(chance, depth - 1);
  switch (chance.below(6)) {
    case 0:
      return expression(chance, depth - 1);
    case 1:
      return pickleOf('N', slots(), 0x86);
    case 2:
      return pickleOf(slots(), slots(), 0x86);
    default:
      return slots();
  }
}

function odd(chance: Chance, depth: number): Uint8Array {
  const inner = () => expression(chance, depth - 1);
  switch (chance.below(8)) {
    case 0:
      return pickleOf(0x82, chance.below(4));
    case 1:
      return pickleOf('P', 'x\n');
    case 2:
      return pickleOf(inner(), 'Q');
    case 3:
      return pickleOf(chance.pick([0x97, 0x98]));
    case 4:
      return pickleOf(
        global(chance, chance.pick(HOSTILE)),
        text(chance, 'touch canary'),
        0x85,
        'R',
      );
    case 5:
      return pickleOf(global(chance, chance.pick(NAMED)), dict(chance, depth), 'b');
    case 6:
      return pickleOf(inner(), inner(), 0x93);
    default:
      return pickleOf(inner(), state(chance, depth), 'b');
  }
}

function list(chance: Chance, depth: number): Uint8Array {
  const inner = () => expression(chance, depth - 1);
  if (chance.is(0.5)) return pickleOf(']', '(', ...some(chance, 3, inner), 'e');
  return pickleOf(']', ...some(chance, 2, () => pickleOf(inner(), 'a')));
}

function dict(chance: Chance, depth: number): Uint8Array {
  const key = () => (chance.is(0.9) ? text(chance) : expression(chance, 1));
  const entry = () => pickleOf(key(), expression(chance, depth - 1));
  if (chance.is(0.6)) return pickleOf('}', '(', ...some(chance, 4, entry), 'u');
  if (chance.is(0.5)) return pickleOf('(', ...some(chance, 3, entry), 'd');
  return pickleOf('}', ...some(chance, 2, () => pickleOf(entry(), 's')));
}

function tuple(chance: Chance, depth: number): Uint8Array {
  const inner = () => expression(chance, depth - 1);
  switch (chance.below(5)) {
    case 0:
      return pickleOf(')');
    case 1:
      return pickleOf(inner(), 0x85);
    case 2:
      return pickleOf(inner(), inner(), 0x86);
    case 3:
      return pickleOf(inner(), inner(), inner(), 0x87);
    default:
      return pickleOf('(', ...some(chance, 4, inner), 't');
  }
}

function collection(chance: Chance, depth: number): Uint8Array {
  const made = pickleOf(
    global(chance, chance.pick(FILLED)),
    chance.pick([pickleOf(')'), tuple(chance, depth)]),
    'R',
  );
  const entry = () => pickleOf(text(chance), expression(chance, depth - 1));
  return chance.is(0.5)
    ? pickleOf(made, '(', ...some(chance, 2, entry), 'u')
    : pickleOf(made, expression(chance, depth - 1), 'a');
}

/** A pickle in bytes, which somebody may read as one. */
function inside(chance: Chance, depth: number): Uint8Array {
  const inner = pickleOf(0x80, 4, expression(chance, depth - 1), '.');
  return pickleOf('B', numbers([4, inner.length]), inner);
}

function dtype(chance: Chance, depth: number): Uint8Array {
  const made = pickleOf(
    global(chance, ['numpy', 'dtype']),
    text(chance, chance.pick(TYPES)),
    int(chance, 0),
    int(chance, 1),
    0x87,
    'R',
  );
  if (chance.is(0.15)) return made;
  const whole = (value: number) => (chance.is(0.93) ? int(chance, value) : expression(chance, 0));
  const nothing = () => (chance.is(0.93) ? pickleOf('N') : expression(chance, depth - 1));
  const fields = chance.is(0.15)
    ? [
        tupleOf(chance, [text(chance, 'a')]),
        pickleOf(
          '}',
          text(chance, 'a'),
          tupleOf(chance, [dtype(chance, 0), int(chance, chance.pick([0, 0, 4, 9]))]),
          's',
        ),
      ]
    : [nothing(), nothing()];
  const items = [
    whole(chance.pick([3, 3, 3, 4, 1, 0, 2])),
    text(chance, chance.pick(['<', '<', '|', '>', '='])),
    nothing(),
    ...fields,
  ];
  const sizes = [
    whole(chance.pick([-1, 8, 0, 3, 12])),
    whole(-1),
    whole(chance.pick([0, 0, 0, 8, 63, 16])),
  ];
  const more = chance.is(0.1) ? [nothing()] : [];
  return pickleOf(
    made,
    ...some(chance, 1, () => memo(chance)),
    tupleOf(chance, [...items, ...sizes, ...more]),
    'b',
  );
}

function tupleOf(_: Chance, items: readonly Uint8Array[]): Uint8Array {
  return pickleOf('(', ...items, 't');
}

function shape(chance: Chance): readonly [Uint8Array, number] {
  const sizes = Array.from({ length: chance.below(3) }, () => chance.pick([0, 1, 2, 3]));
  if (chance.is(0.05)) sizes.push(chance.pick([-1, 0x7fffffff]));
  return [
    tupleOf(
      chance,
      sizes.map((size) => int(chance, size)),
    ),
    sizes.reduce((product, size) => product * size, 1),
  ];
}

function array(chance: Chance, depth: number): Uint8Array {
  const module = chance.pick(['numpy.core.multiarray', 'numpy._core.multiarray']);
  const [dims, count] = shape(chance);
  if (chance.is(0.15)) {
    const name: Name = [chance.pick(['numpy.core.numeric', 'numpy._core.numeric']), '_frombuffer'];
    const args = [
      bytes(chance, Math.max(0, Math.min(count, 64)) * 8),
      dtype(chance, 0),
      dims,
      text(chance, chance.pick(['C', 'F'])),
    ];
    return pickleOf(global(chance, name), tupleOf(chance, args), 'R');
  }
  const from = chance.is(0.9)
    ? global(chance, ['numpy', 'ndarray'])
    : global(chance, chance.pick(NAMED));
  const made = pickleOf(
    global(chance, [module, '_reconstruct']),
    tupleOf(chance, [
      from,
      tupleOf(chance, [int(chance, chance.is(0.95) ? 0 : 3)]),
      bytes(chance, 1),
    ]),
    'R',
  );
  const data = chance.is(0.7)
    ? bytes(chance, Math.max(0, Math.min(count, 64)) * chance.pick([8, 8, 4, 1]))
    : list(chance, depth);
  return pickleOf(
    made,
    tupleOf(chance, [
      int(chance, 1),
      dims,
      dtype(chance, depth - 1),
      pickleOf(chance.pick([0x88, 0x89])),
      data,
    ]),
    'b',
  );
}

/** An array as joblib writes it, its bytes behind its wrapper. */
function wrapped(chance: Chance, depth: number): Uint8Array {
  const [dims, count] = shape(chance);
  const aligned = chance.is(0.5);
  const attributes = [
    pickleOf(
      text(chance, 'subclass'),
      chance.is(0.95) ? global(chance, ['numpy', 'ndarray']) : global(chance, chance.pick(NAMED)),
    ),
    pickleOf(text(chance, 'shape'), dims),
    pickleOf(text(chance, 'order'), text(chance, chance.pick(['C', 'F', 'C', 'x']))),
    pickleOf(text(chance, 'dtype'), dtype(chance, chance.is(0.9) ? 0 : depth - 1)),
    pickleOf(text(chance, 'allow_mmap'), pickleOf(chance.pick([0x88, 0x89]))),
    ...(aligned
      ? [
          pickleOf(
            text(chance, 'numpy_array_alignment_bytes'),
            int(chance, chance.pick([16, 16, 0, 1])),
          ),
        ]
      : []),
    ...some(chance, 1, () => pickleOf(text(chance), expression(chance, 0))),
  ];
  const kept = attributes.filter(() => chance.is(0.98));
  const padding = aligned ? chance.pick([0, 1, 5]) : 0;
  const data = chance.is(0.1)
    ? pickleOf(0x80, 2, expression(chance, depth - 1), '.')
    : Buffer.alloc(Math.max(0, Math.min(count, 64)) * chance.pick([8, 8, 4]), chance.below(256));
  return pickleOf(
    global(chance, WRAPPER),
    ')',
    0x81,
    '}',
    '(',
    ...kept,
    'u',
    'b',
    ...(aligned ? [padding] : []),
    Buffer.alloc(padding, 0xff),
    data,
  );
}

function scalar(chance: Chance, depth: number): Uint8Array {
  const module = chance.pick(['numpy.core.multiarray', 'numpy._core.multiarray']);
  const data = chance.is(0.9)
    ? bytes(chance, chance.pick([8, 8, 4, 1]))
    : expression(chance, depth - 1);
  return pickleOf(
    global(chance, [module, 'scalar']),
    tupleOf(chance, [dtype(chance, 0), data]),
    'R',
  );
}

function global(chance: Chance, [module, name]: Name): Uint8Array {
  if (chance.is(0.6)) return pickleOf('c', Buffer.from(`${module}\n${name}\n`));
  return pickleOf(text(chance, module), text(chance, name), 0x93);
}

function plain(chance: Chance): Uint8Array {
  switch (chance.below(9)) {
    case 0:
      return pickleOf(chance.pick(['N', 0x88, 0x89, ')', ']', '}', 0x8f]));
    case 1:
    case 2:
      return int(chance, chance.pick([0, 1, 2, 255, 256, 65_536, -1, -2, 2 ** 31 - 1, -(2 ** 31)]));
    case 3:
      return float(chance);
    case 4:
      return bytes(chance, chance.pick([0, 1, 8, 16, 17, 40]));
    case 5:
      return global(chance, chance.pick(NAMED));
    case 6: {
      const index = chance.below(6);
      return chance.pick([
        pickleOf('h', index),
        pickleOf('g', `${index}\n`),
        pickleOf('j', numbers([4, index])),
      ]);
    }
    default:
      return text(chance);
  }
}

function float(chance: Chance): Uint8Array {
  if (chance.is(0.5)) {
    const number = Buffer.alloc(8);
    number.writeDoubleBE(
      chance.pick([0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 5e-324]),
    );
    return pickleOf('G', number);
  }
  return pickleOf(
    'F',
    `${chance.pick(['1.5', '1', 'nan', 'inf', '-inf', '1e5', '1_0', ' 1', '1 ', '.5', '5.', '1e400', '0x10', '1e', '+1.5', 'infinity', 'NaN', '1..5'])}\n`,
  );
}

function int(chance: Chance, value: number): Uint8Array {
  const wide = Buffer.alloc(8);
  wide.writeBigInt64LE(BigInt(value));
  const narrow = Buffer.alloc(4);
  narrow.writeInt32LE(value | 0);
  switch (chance.below(9)) {
    case 0:
      return pickleOf('I', `${chance.pick(['', '', '+', '0', ' '])}${value}\n`.replace('+-', '-'));
    case 1:
      return pickleOf('L', `${value}${chance.pick(['L', '', 'l', 'LL'])}\n`);
    case 2:
      return pickleOf(0x8a, 8, wide);
    case 3:
      return pickleOf(0x8b, numbers([4, 8]), wide);
    case 4:
      if (value >= 0 && value < 256) return pickleOf('K', value);
      return pickleOf('J', narrow);
    case 5:
      if (value >= 0 && value < 65_536) return pickleOf('M', numbers([2, value]));
      return pickleOf('J', narrow);
    case 6:
      if (value === 1 || value === 0)
        return chance.is(0.2)
          ? pickleOf('I', `0${value}\n`)
          : pickleOf(0x8a, chance.is(0.5) && value === 0 ? 0 : 1, ...(value === 0 ? [] : [value]));
      return pickleOf('J', narrow);
    default:
      return pickleOf('J', narrow);
  }
}

function bytes(chance: Chance, length: number): Uint8Array {
  const data = chance.bytes(length);
  switch (chance.below(5)) {
    case 0:
      return pickleOf('B', numbers([4, length]), data);
    case 1:
      return pickleOf(0x8e, numbers([8, length]), data);
    case 2:
      return pickleOf(0x96, numbers([8, length]), data);
    default:
      return pickleOf('C', length, data);
  }
}

function text(chance: Chance, said?: string): Uint8Array {
  const written = said ?? chance.pick(WORDS);
  const utf8 = chance.is(0.99) ? utf8Of(written) : chance.bytes(4);
  switch (chance.below(said === undefined ? 9 : 7)) {
    case 0:
      return pickleOf('V', chance.is(0.8) ? Buffer.from(written, 'latin1') : utf8, '\n');
    case 1:
      return pickleOf('X', numbers([4, utf8.length]), utf8);
    case 2:
      return pickleOf(0x8d, numbers([8, utf8.length]), utf8);
    case 3:
      return pickleOf(
        'S',
        `${chance.pick(["'", '"'])}`.replace(/./, (q) => `${q}${written}${q}`),
        '\n',
      );
    case 4:
      return pickleOf('U', Math.min(255, utf8.length), utf8.subarray(0, 255));
    case 7:
      return pickleOf('T', numbers([4, utf8.length]), utf8);
    case 8:
      return pickleOf('S', `${chance.pick(["'a\\x41'", "'a' ", '"a\\n"', "'a", "''", "'a'b'"])}\n`);
    default:
      return pickleOf(0x8c, Math.min(255, utf8.length), utf8.subarray(0, 255));
  }
}

/** Encodes lone surrogates too, which Python writes as if they were characters. */
function utf8Of(written: string): Buffer {
  return written === '\ud800' ? Buffer.of(0xed, 0xa0, 0x80) : Buffer.from(written);
}
