import type { ModelFacts } from '#domain/artifact-facts.ts';
import type { Signature } from '#domain/signature.ts';
import type { Instance } from './pickle-values.ts';
import { answersOf } from './sklearn-answers.ts';
import { type Estimator, lastOf } from './sklearn-model.ts';
import { tabularSignature } from './tabular-facts.ts';

/** What a saved estimator says beside the facts of all models; null where it does not say it. */
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

/** By the first part of a class's module, the package that brings it. */
export const ESTIMATOR_PACKAGES: Readonly<Record<string, string>> = {
  sklearn: 'scikit-learn',
  xgboost: 'xgboost',
  lightgbm: 'lightgbm',
  catboost: 'catboost',
};

/** The same facts, however the estimator was saved. Fails with `ArtifactRejected` when it names too many inputs. */
export function estimatorFacts(file: string, root: Instance, said: Estimator): EstimatorFacts {
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

function signatureOf(file: string, root: Instance, said: Estimator): Signature | null {
  const { features, columns, texts } = said;
  if (features === null) return null;
  const taken = { features, names: columns, texts };
  const answers = answersOf(lastOf(root), said.classes);
  if (answers) return tabularSignature(file, taken, answers);
  const { inputs } = tabularSignature(file, taken, { values: 1, prediction: 'FP64' });
  return { inputs, outputs: [] };
}
