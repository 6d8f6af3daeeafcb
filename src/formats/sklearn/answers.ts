import { DATATYPES, type Datatype } from '#domain/artifact/signature.ts';
import type { Instance } from '#formats/pickle/values.ts';
import type { Answers } from '#formats/tables/tabular-facts.ts';
import { type Classes, type Estimator, nameOf } from './model.ts';

// Classifiers of scikit-learn 0.24 to 1.8 without `predict_proba`, or with one only under the conditions below.
const WITHOUT_PROBABILITIES: ReadonlySet<string> = new Set([
  ...([
    'LinearSVC',
    'RidgeClassifier',
    'RidgeClassifierCV',
    'Perceptron',
    'NearestCentroid',
  ] as const),
  ...(['PassiveAggressiveClassifier', 'OneVsOneClassifier', 'OutputCodeClassifier'] as const),
  ...(['OneVsRestClassifier', 'SelfTrainingClassifier', 'StackingClassifier'] as const),
]);

const LOSSES_WITH_PROBABILITIES = ['log_loss', 'log', 'modified_huber'] as const;

const REGRESSORS =
  /Regress|SVR$|^(Ridge|RidgeCV|Lasso|LassoCV|ElasticNet|ElasticNetCV|Lars|LarsCV|LassoLars|LassoLarsCV|LassoLarsIC|BayesianRidge|KernelRidge)$/;

/** The final estimator's answer for a row; undefined when only calling it would show it. */
export function answersOf(last: Instance, classes: Estimator['classes']): Answers | undefined {
  const label = DATATYPES.find((name) => name === classes?.datatype);
  if (classes && label) return classified(last, classes, label);
  const isRegressor =
    !classes && REGRESSORS.test(nameOf(last)) && !nameOf(last).includes('LogisticRegress');
  return isRegressor ? { values: 1, prediction: 'FP64' } : undefined;
}

function classified(last: Instance, { count, labels }: Classes, label: Datatype): Answers {
  const answers = { classes: count, label, ...(labels && { labels }) };
  if (!hasProbabilities(last)) return answers;
  return { ...answers, probabilities: isXgboost(last) ? 'FP32' : 'FP64' };
}

function isXgboost({ of }: Instance): boolean {
  return of.module.startsWith('xgboost.');
}

function hasProbabilities(last: Instance): boolean {
  const name = nameOf(last);
  const asked = (attribute: string) => last.attributes.get(attribute);
  if (name === 'SVC' || name === 'NuSVC') return asked('probability') === true;
  if (name === 'VotingClassifier') return asked('voting') === 'soft';
  if (name === 'SGDClassifier')
    return LOSSES_WITH_PROBABILITIES.some((loss) => loss === asked('loss'));
  return !WITHOUT_PROBABILITIES.has(name);
}
