import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectOnnx } from '#formats/onnx/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import { bytesSource } from '../bytes/sources.ts';
import * as onnx from '../models/onnx.ts';
import { bytesOf, modelsOf } from '../models/saved.ts';
import { type Chance, mutated } from './chance.ts';
import type { Subject } from './subject.ts';

const MAX_SEED_BYTES = 64 * 1024;

function savedOf(format: string, ends: string): readonly Buffer[] {
  return modelsOf(format)
    .filter((name) => name.endsWith(ends))
    .map((name) => bytesOf(format, name))
    .filter(({ length }) => length < MAX_SEED_BYTES);
}

const NUMBERS = [
  '0',
  '1',
  '-1',
  '2147483647',
  '2147483648',
  '-2147483648',
  '4294967295',
  '9999999999',
  '1e308',
  'nan',
  '',
  '1.5',
  '00',
  '7',
  ' 3',
];

/** The text with one number replaced by another, or a change that any file may get. */
function renumbered(seeds: readonly Buffer[], chance: Chance): Buffer {
  const whole = chance.pick(seeds);
  if (chance.is(0.35)) return mutated(whole, seeds, chance);
  let text = whole.toString('latin1');
  for (let changes = 1 + chance.below(2); changes > 0; changes--) {
    const from = chance.below(text.length);
    const found = /-?\d[\d.e+-]*/.exec(text.slice(from));
    if (!found) continue;
    const at = from + found.index;
    text = `${text.slice(0, at)}${chance.pick(NUMBERS)}${text.slice(at + found[0].length)}`;
  }
  return Buffer.from(text, 'latin1');
}

const xgboostJson = savedOf('xgboost', '.json');
const xgboostUbj = savedOf('xgboost', '.ubj');
const lightgbm = savedOf('lightgbm', '.txt');
const catboost = savedOf('catboost', '.cbm');
const onnxModels = [
  ...[
    onnx.addConstantModel({ constant: 1 }),
    onnx.twoInputsModel(),
    onnx.divideByZeroModel(),
    onnx.width32OnlyModel(),
  ],
  ...[
    onnx.sixOnlyModel(),
    onnx.forestModel(),
    onnx.identityModel({ datatype: 'FP32', shape: ['n', 2] }),
  ],
].map((bytes) => Buffer.from(bytes));

function xgboost(name: string, make: Subject['make']): Subject {
  return {
    reader: 'xgboost_models',
    make,
    async inspect(bytes) {
      const { features, columns, objective, booster, trees } = await inspectXgboost(
        bytesSource(bytes),
        name,
      );
      return { features, columns, objective, booster, trees };
    },
  };
}

export const FRAMEWORKS: Readonly<Record<string, Subject>> = {
  'xgboost-json': xgboost('model.json', (chance) => renumbered(xgboostJson, chance)),
  'xgboost-ubj': xgboost('model.ubj', (chance) =>
    mutated(chance.pick(xgboostUbj), xgboostUbj, chance),
  ),
  lightgbm: {
    reader: 'lightgbm_models',
    make: (chance) => renumbered(lightgbm, chance),
    async inspect(bytes) {
      const { features, columns, trees } = await inspectLightgbm(bytesSource(bytes), 'model.txt');
      return { features, columns, trees };
    },
  },
  catboost: {
    reader: 'catboost_models',
    make: (chance) => mutated(chance.pick(catboost), catboost, chance),
    async inspect(bytes) {
      const { columns, trees } = await inspectCatboost(bytesSource(bytes), 'model.cbm');
      return { columns, trees };
    },
  },
  onnx: {
    reader: 'onnx_models',
    make: (chance) => mutated(chance.pick(onnxModels), onnxModels, chance),
    async inspect(bytes) {
      const file = { name: 'model.onnx', sizeBytes: bytes.length };
      const { signature } = await inspectOnnx(bytesSource(bytes), file.name, [file]);
      return {
        inputs: signature.inputs.map(({ name }) => name),
        outputs: signature.outputs.map(({ name }) => name),
      };
    },
  },
};
