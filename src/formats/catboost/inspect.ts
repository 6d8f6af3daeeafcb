import { keptRanges } from '#domain/artifact/column-range.ts';
import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Datatype } from '#domain/artifact/signature.ts';
import type { ReadFile } from '#formats/reader.ts';
import { type Answers, tabularMemory, tabularSignature } from '#formats/tables/tabular-facts.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type CatboostModel, readCatboost } from './model.ts';

export const read: ReadFile = inspectCatboost;

/** The file's facts beyond those of all models; `classes` is null for a regression. */
export type CatboostFacts = ModelFacts & {
  readonly objective: string;
  readonly features: number;
  readonly columns: readonly string[];
  readonly categorical: readonly number[];
  readonly classes: readonly (string | number | boolean)[] | null;
  readonly trees: number;
  readonly leaves: number;
};

// Not every CatBoost build records its version in the file.
const ANY_VERSION = 'catboost>=1,<2';

/** Reads the facts of a model that CatBoost saved as .cbm, and checks its trees and CTR tables. Fails with `ArtifactRejected`. */
export async function inspectCatboost(source: ByteSource, file: string): Promise<CatboostFacts> {
  const model = await readCatboost(source, file);
  const { version, objective, columns, texts, classes, trees, leaves, splits, dimension } = model;
  const features = columns.length;
  const ranges = keptRanges(model.ranges);
  const isNamed = columns.some((name, index) => name !== String(index));
  const takesColumns = isNamed || texts.length > 0;
  const taken = {
    features,
    names: takesColumns ? columns : null,
    texts: new Set(texts.map((index) => columns[index] ?? '')),
  };
  return {
    format: 'catboost',
    formatVersion: 'CBM1',
    framework: { name: 'catboost', version },
    pythonVersion: null,
    requirements: version === null ? [ANY_VERSION] : [],
    signature: tabularSignature(file, taken, answersOf(model)),
    takesColumns,
    parameters: leaves * dimension + splits,
    weightBytes: source.sizeBytes,
    dtypes: ['FP32', 'FP64'],
    ...(model.print && { weights: [{ name: 'trees', isFinal: true, ...model.print }] }),
    ...(ranges && { ranges }),
    memory: tabularMemory('catboost', source.sizeBytes, takesColumns),
    example: null,
    entrypoint: null,
    objective,
    features,
    columns,
    categorical: texts,
    classes,
    trees,
    leaves,
  };
}

// Multilabel objectives: each label is 1 or 0, and a row may have several or none.
const TOGETHER: readonly string[] = ['MultiLogloss', 'MultiCrossEntropy'];

function answersOf({ objective, classes, dimension }: CatboostModel): Answers {
  if (!classes) return { values: dimension, prediction: 'FP64' };
  if (TOGETHER.includes(objective)) {
    const answers = { classes: classes.length, label: 'INT64', probabilities: 'FP64' } as const;
    return { ...answers, areTogether: true };
  }
  return { classes: classes.length, label: labelOf(classes), probabilities: 'FP64' };
}

function labelOf(classes: readonly (string | number | boolean)[]): Datatype {
  if (classes.every((each) => typeof each === 'boolean')) return 'BOOL';
  if (classes.every((each) => Number.isSafeInteger(each))) return 'INT64';
  return classes.every((each) => typeof each === 'number') ? 'FP64' : 'BYTES';
}
