import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compiledServer } from '../runtimes/compiled-server.ts';
import { pythonWith } from '../runtimes/python-environment.ts';
import { share } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The limit of a difference, as a part of the spread of a model's answers; a label has to be the same. */
const MOST_APART = 1e-6;

type Said = {
  readonly what: string;
  readonly as: 'ONNX' | 'itself';
  readonly wrong?: number;
  readonly apart?: number;
  readonly reason: string;
};

const AS_ONNX = [
  'a line through seconds since 1970',
  'two columns near 100 million',
  'a polynomial of seconds',
  'seconds scaled for a logistic regression',
  'a table prepared for XGBoost',
  'one against the rest, where all are sure',
  'ridges that decide between classes',
  'a histogram forest at its thresholds',
  'LightGBM at its thresholds',
  'XGBoost at its thresholds',
  'CatBoost at its borders',
  'a forest at its thresholds',
  'boosted trees at their thresholds',
  'a forest of seconds',
  'a scaled table of seconds before trees',
  'a line over declared whole numbers',
  'a forest over declared whole numbers',
  'a line beyond FP32',
  'a logistic regression beyond FP32',
  'naive Bayes beyond FP32',
  'a perceptron beyond FP32',
  'a perceptron of numbers beyond FP32',
  'k-means beyond FP32',
  'k-means of rows of FP32',
  'a forest beyond FP32',
  'CatBoost beyond FP32',
  'CatBoost that has learned missing values',
  'XGBoost beyond FP32',
];

const AS_ITSELF = [
  {
    what: 'ids that FP64 has not, beside one that is no whole number',
    reason: 'it has categories that its columns of numbers cannot tell apart',
  },
  {
    what: 'ids beyond 2^53 in a matrix that is declared whole',
    reason: 'it has learned whole numbers beyond 2^53',
  },
  {
    what: 'a text that stands for a missing one in a conversion',
    reason: 'it has learned a text with U+FDD0',
  },
  {
    what: 'a polynomial of the difference of two columns near 100 million',
    reason: 'of its spread; the limit is 1e-06 (rows whose answers are small beside their terms)',
  },
  {
    what: 'a forest whose probabilities are calibrated by steps',
    reason: 'its isotonic calibration decides by the last bits of scores',
  },
  {
    what: 'components of seconds before trees',
    reason: 'its trees decide by the last bits of what a step before them sums up',
  },
  {
    what: 'a Gaussian process over numbers near 1e-9',
    reason: 'of its spread; the limit is 1e-06',
  },
];

// Its compiled code takes no rows of another type than those that it learned from.
const OF_FP32 = [
  'a factorization of rows of FP32',
  'scaled rows before a bisecting k-means of FP32',
];

/** A run tries a third of each, which the seed chooses; a thorough run tries all. */
const [asOnnx, asItself, ofFp32] = [share(AS_ONNX), share(AS_ITSELF), share(OF_FP32)];
const TRIED = [...asOnnx, ...asItself.map(({ what }) => what), ...ofFp32];
process.stdout.write(
  `${TRIED.length} of ${AS_ONNX.length + AS_ITSELF.length + OF_FP32.length} cases; SLIPWAY_SEED=${SEED}\n`,
);

const said = new Map<string, Said>();

beforeAll(async () => {
  const python = await pythonWith(
    'convert-requirements.in',
    'requirements.in',
    pathOf('right-numbers-requirements.txt'),
  );
  if (typeof python === 'object') throw new Error(python.missing);
  const env = { ...process.env, PYTHONPATH: await compiledServer(python) };
  const child = spawn(python, [pathOf('right_numbers.py'), ...TRIED], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const each: Said = JSON.parse(line);
    said.set(each.what, each);
  }
});

describe('as ONNX, in as many rows as differed once, its framework is answered by', () => {
  it.each(asOnnx)('%s', (what) => {
    const {
      as,
      wrong = NaN,
      apart = NaN,
      reason,
    } = said.get(what) ?? { as: 'nothing', reason: '' };

    expect(as === 'ONNX' || reason).toBe(true);
    expect(wrong).toBe(0);
    expect(apart).toBeLessThan(MOST_APART);
  });
});

describe('its framework answers itself, since a conversion would round them, for', () => {
  it.each(asItself)('$what', ({ what, reason }) => {
    const found = said.get(what);

    expect(found?.as).toBe('itself');
    expect(found?.reason).toContain(reason);
  });
});

it.each(ofFp32)('%s answers rows of FP64', (what) => {
  const found = said.get(what);

  expect(found?.as).toBe('itself');
  expect(found?.reason).toContain('MissingShapeCalculator');
});
