import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import type { BoosterTable, HeldBooster } from '#formats/pickle/held-boosters.ts';
import type { Instance } from '#formats/pickle/values.ts';
import { type Answers, tabularSignature, textSignature } from '#formats/tables/tabular-facts.ts';
import { answersOf } from './answers.ts';
import { requireAnswersForNewRows } from './answers-new-rows.ts';
import { type Estimator, firstOf, lastOf } from './model.ts';
import { cutsTexts, textsOf } from './texts.ts';

/** The facts that a saved estimator records beyond those of all models; null where it records nothing. */
export type EstimatorFacts = Pick<
  ModelFacts,
  'pythonVersion' | 'signature' | 'takesColumns' | 'example' | 'entrypoint'
> & {
  readonly features: number | null;
  readonly columns: readonly string[] | null;
  readonly classes: number | null;
  /** The classes in a pipeline. */
  readonly steps: readonly string[];
};

/** An estimator with the tables that its boosters were trained on. */
type Said = Estimator & {
  readonly tables: readonly BoosterTable[];
  /** Its columns have no names. */
  readonly isUnnamed: boolean;
};

/** The package that provides a class, by the first part of its module. */
export const ESTIMATOR_PACKAGES: Readonly<Record<string, string>> = {
  sklearn: 'scikit-learn',
  xgboost: 'xgboost',
  lightgbm: 'lightgbm',
  catboost: 'catboost',
};

/** Adds the column names of the booster's table, if a booster receives the rows unchanged. */
export function onTables(root: Instance, read: Estimator, boosters: readonly HeldBooster[]): Said {
  const tables = boosters.map(({ table }) => table).filter((table) => table !== null);
  const isBooster = /^(xgboost|lightgbm)\./.test(firstOf(root).of.module);
  const own = isBooster ? tables[0]?.columns : undefined;
  const features = read.features ?? own?.length ?? null;
  const columns = read.columns ?? own ?? null;
  const made = columns === null ? madeNames(root, features ?? 0) : null;
  return { ...read, features, columns: columns ?? made, tables, isUnnamed: made !== null };
}

// No realistic model on texts in an array has more columns.
const MAX_MADE = 1_000;

/** Texts do not form a matrix of numbers, so their columns need names: `x0`, `x1` and on, as scikit-learn itself names them. Null where there are no columns. */
function madeNames(root: Instance, features: number): readonly string[] | null {
  if (features > MAX_MADE) return null;
  const names = Array.from({ length: features }, (_, place) => `x${place}`);
  return textsOf(root, names).size > 0 ? names : null;
}

/** The facts are the same however the estimator was saved. Fails with `ArtifactRejected` when it names too many inputs, or cannot answer for new rows. */
export function estimatorFacts(file: string, root: Instance, said: Said): EstimatorFacts {
  requireAnswersForNewRows(file, root);
  return {
    pythonVersion: null,
    signature: signatureOf(file, root, said),
    takesColumns: said.columns !== null,
    example: null,
    entrypoint: root.of.name,
    features: said.features,
    columns: said.columns,
    classes: said.classes?.count ?? null,
    steps: said.steps,
  };
}

function signatureOf(file: string, root: Instance, said: Said): Signature | null {
  const { features, columns } = said;
  const answers = answersOf(lastOf(root), said.classes);
  const signature = (given: Answers) => {
    if (cutsTexts(firstOf(root)) && !columns) return textSignature(file, given);
    if (features === null) return null;
    const texts = new Set([
      ...textsOf(root, said.isUnnamed ? (columns ?? []) : []),
      ...textsIn(said),
    ]);
    return tabularSignature(file, { features, names: columns, texts }, given);
  };
  if (answers) return signature(answers);
  const { inputs } = signature({ values: 1, prediction: 'FP64' }) ?? {};
  return inputs ? { inputs, outputs: [] } : null;
}

/** The text columns recorded by boosters that received the table unchanged. */
function textsIn({ columns, tables }: Said): readonly string[] {
  const isGiven = (own: readonly string[]) =>
    own.length === columns?.length && own.every((name, index) => name === columns[index]);
  return tables.filter((table) => isGiven(table.columns)).flatMap(({ texts }) => texts);
}
