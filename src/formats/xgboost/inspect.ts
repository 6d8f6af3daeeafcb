import { keptRanges } from '#domain/artifact/column-range.ts';
import type { ModelFacts } from '#domain/artifact/facts.ts';
import { HEAD_BYTES } from '#formats/known-formats.ts';
import type { ReadFile } from '#formats/reader.ts';
import { rejected } from '#formats/rejected.ts';
import { type Answers, tabularMemory, tabularSignature } from '#formats/tables/tabular-facts.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { readXgboost, type XgboostModel } from './model.ts';

export const read: ReadFile = inspectXgboost;

/** The file's facts beyond those of all models. `classes` is 0 for a regression. */
export type XgboostFacts = ModelFacts & {
  readonly objective: string;
  readonly booster: string;
  readonly features: number;
  readonly columns: readonly string[] | null;
  readonly classes: number;
  readonly trees: number;
};

// Memory per node: the node with its statistics, and its share of the tree's lists.
const NODE_BYTES = 40;
const WEIGHT_BYTES = 4;

/**
 * The facts of a model that XGBoost saved as .json or .ubj.
 * The whole file is read and checked, since XGBoost trusts its trees. Fails with `ArtifactRejected`.
 */
export async function inspectXgboost(source: ByteSource, file: string): Promise<XgboostFacts> {
  const format = await formatOf(source, file);
  const model = await readXgboost(source, file, { format });
  const version = model.version.join('.');
  if (model.version.length !== 3) throw incomplete(file, 'version');
  if (!(model.features > 0)) throw incomplete(file, 'number of features');
  if (model.objective === '') throw incomplete(file, 'objective');
  const { features, names, booster, objective, classes, trees, nodes, print } = model;
  const ranges = keptRanges(model.ranges);
  const columns = names.length > 0 ? names : null;
  if (columns && columns.length !== features) {
    throw rejected(
      `${file} has ${columns.length} feature names for ${features} features`,
      'Save the model again from XGBoost.',
    );
  }
  const weights = booster === 'gblinear' ? (features + 1) * Math.max(1, classes) : undefined;
  const parameters = weights ?? nodes;
  const weightBytes = parameters * (weights === undefined ? NODE_BYTES : WEIGHT_BYTES);
  return {
    format: 'xgboost',
    formatVersion: format,
    framework: { name: 'xgboost', version },
    pythonVersion: null,
    requirements: [],
    signature: tabularSignature(
      file,
      { features, names: columns, texts: new Set(model.texts) },
      answersOf(model),
    ),
    takesColumns: columns !== null,
    parameters,
    weightBytes,
    dtypes: ['FP32'],
    ...(print && { weights: [{ name: 'trees', isFinal: true, ...print }] }),
    ...(ranges && { ranges }),
    memory: tabularMemory('xgboost', weightBytes, columns !== null),
    example: null,
    entrypoint: null,
    objective,
    booster,
    features,
    columns,
    classes,
    trees,
  };
}

/** The answers that the model server gives: a classifier's label and probabilities, else the booster's raw output. */
function answersOf({ objective, classes, targets }: XgboostModel): Answers {
  if (objective === 'multi:softmax') return { classes, label: 'INT64' };
  if (objective === 'multi:softprob') return { classes, label: 'INT64', probabilities: 'FP32' };
  if (objective === 'binary:logistic' && targets <= 1) {
    return { classes: 2, label: 'INT64', probabilities: 'FP32' };
  }
  return { values: targets, prediction: 'FP32' };
}

async function formatOf(source: ByteSource, file: string): Promise<'json' | 'ubj'> {
  const head = Buffer.from(await source.read(0, HEAD_BYTES)).toString('latin1');
  if (head.startsWith('binf') || head.startsWith('bs64')) throw tooOld(file);
  if (/^\{\s*"/.test(head)) return 'json';
  if (/^\{[#$iUIlL]/.test(head)) return 'ubj';
  // Before `binf` there were no magic bytes: the file began with base score, features and classes as numbers.
  if (/\.(model|bin|deprecated)$/i.test(file)) throw tooOld(file);
  throw rejected(
    `${file} is not an XGBoost model: it begins with neither JSON nor UBJSON`,
    "Save the model with save_model('model.ubj') and upload that file.",
  );
}

function tooOld(file: string) {
  return rejected(
    `${file} is in XGBoost's old binary format, which XGBoost 3.1 and later do not read`,
    "Load it with an XGBoost below 3.1 and save it with save_model('model.ubj').",
  );
}

function incomplete(file: string, what: string) {
  return rejected(
    `${file} is not a complete XGBoost model: it has no ${what}`,
    "Save the model with save_model('model.ubj') and upload the whole file.",
  );
}
