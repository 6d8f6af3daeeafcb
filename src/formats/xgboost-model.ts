import type { ByteSource } from '#ports/artifact-store.ts';
import { type Scalar, type Visitor, walkJson } from './json-walk.ts';
import { rejected } from './rejected.ts';
import { walkUbjson } from './ubjson-walk.ts';
import { xgboostTrees } from './xgboost-trees.ts';

/** An XGBoost file's own words. Of lists only feature names and version are kept. */
export type XgboostModel = {
  readonly version: readonly number[];
  readonly features: number;
  readonly classes: number;
  readonly targets: number;
  readonly names: readonly string[];
  /** Those which were texts in the table that it was trained on; XGBoost keeps the texts from 3.1 on. */
  readonly texts: readonly string[];
  readonly objective: string;
  readonly booster: string;
  readonly trees: number;
  /** Null where the trees were not walked. */
  readonly nodes: number | null;
};

/** How each format writes the key at which the walk goes on near the end. */
const FORMATS = {
  json: { walk: walkJson, key: '"learner_model_param"' },
  ubj: { walk: walkUbjson, key: 'L\0\0\0\0\0\0\0\x13learner_model_param' },
} as const;

const WALKED_WHOLE_BYTES = 16 * 2 ** 20;
const TAIL_BYTES = 64 * 1024;
const MAX_NAMES = 100_000;

const TREES = /^learner\.gradient_booster\.(gbtree\.)?model\.trees$/;
const NODES = /^learner\.gradient_booster\.(gbtree\.)?model\.trees\[\]\.tree_param\.num_nodes$/;
const TREE_COUNT = /^learner\.gradient_booster\.(gbtree\.)?model\.gbtree_model_param\.num_trees$/;
const CATEGORIES = /^learner\.gradient_booster\.(gbtree\.)?model\.cats\.enc\[\]$/;
const OFFSETS = /^learner\.gradient_booster\.(gbtree\.)?model\.cats\.enc\[\]\.offsets\[\]$/;
const WALKED: readonly RegExp[] = [
  /^(|learner|version)$/,
  /^learner\.(feature_names|learner_model_param|objective|gradient_booster)$/,
  /^learner\.gradient_booster\.(gbtree|(gbtree\.)?model)$/,
  /^learner\.gradient_booster\.(gbtree\.)?model\.(gbtree_model_param|trees|trees\[\]|trees\[\]\.tree_param)$/,
  /^learner\.gradient_booster\.(gbtree\.)?model\.cats(\.enc(\[\](\.offsets)?)?)?$/,
];

/** Fails with `ArtifactRejected` where the file is not what it begins as, or has too many names. */
export async function readXgboost(
  source: ByteSource,
  file: string,
  format: keyof typeof FORMATS,
): Promise<XgboostModel> {
  const { walk, key } = FORMATS[format];
  const isWalkedWhole = source.sizeBytes <= WALKED_WHOLE_BYTES;
  const found = collected(file, isWalkedWhole);
  await walk(source, file, found.visitor);
  if (!isWalkedWhole) {
    const from = source.sizeBytes - TAIL_BYTES;
    const tail = Buffer.from(await source.read(from, TAIL_BYTES));
    const at = tail.lastIndexOf(key, undefined, 'latin1');
    if (at < 0) throw tooLarge(file, source.sizeBytes);
    await walk(source, file, found.visitor, { at: from + at, path: 'learner' });
  }
  return found.model();
}

/** Of UBJSON that may be cut behind the begin of its trees: what is said before them. */
export async function readXgboostHead(source: ByteSource, file: string): Promise<XgboostModel> {
  const found = collected(file, false);
  await walkUbjson(source, file, found.visitor);
  return found.model();
}

function collected(file: string, countsNodes: boolean) {
  const scalars = new Map<string, Scalar>();
  const shapes = xgboostTrees(file);
  const version: number[] = [];
  const names: string[] = [];
  const texts = new Set<number>();
  let categories = 0;
  let nodes = 0;

  const number = (key: string) => {
    const value = Number(scalars.get(`learner.learner_model_param.${key}`) ?? 0);
    return Number.isSafeInteger(value) ? value : 0;
  };
  const text = (path: string) => String(scalars.get(path) ?? '');

  const visitor: Visitor = {
    enter(path) {
      if (TREES.test(path) && !countsNodes) return 'stop';
      if (CATEGORIES.test(path)) categories += 1;
      if (countsNodes && shapes.enter(path)) return 'walk';
      return WALKED.some((each) => each.test(path)) ? 'walk' : 'skip';
    },
    value(path, value) {
      if (countsNodes && path.includes('.model.tree')) shapes.value(path, value);
      if (path.endsWith('s[]') && path.includes('.trees[].')) return;
      if (path === 'version[]') version.push(Number(value));
      else if (path === 'learner.feature_names[]') names.push(String(value));
      else if (OFFSETS.test(path)) texts.add(categories - 1);
      else if (NODES.test(path)) nodes += Number(value);
      else if (TREE_COUNT.test(path)) scalars.set('trees', value);
      else if (scalars.size < 100) scalars.set(path, value);
      if (names.length > MAX_NAMES || version.length > 3) throw tooMany(file);
    },
  };

  return {
    visitor,
    model: (): XgboostModel =>
      checked({
        version: version.filter((part) => Number.isSafeInteger(part) && part >= 0),
        features: number('num_feature'),
        classes: number('num_class'),
        targets: Math.max(1, number('num_target')),
        names,
        texts: [...texts].map((place) => names[place] ?? ''),
        objective: text('learner.objective.name'),
        booster: text('learner.gradient_booster.name'),
        trees: Number(text('trees')) || 0,
        nodes: countsNodes && Number.isSafeInteger(nodes) ? nodes : null,
      }),
  };

  function checked(model: XgboostModel): XgboostModel {
    const { features, classes, targets } = model;
    if (Math.max(features, classes, targets) > MAX_COUNT) throw tooMuch(file, model);
    if (countsNodes) shapes.end(features, Math.max(classes, targets));
    return model;
  }
}

// XGBoost takes memory for as many at once.
const MAX_COUNT = 1_000_000;

function tooMuch(file: string, { features, classes, targets }: XgboostModel) {
  return rejected(
    `${file} says that it has ${features} features, ${classes} classes and ${targets} targets; the limit of each is ${MAX_COUNT}`,
    'Save the model again from XGBoost.',
  );
}

function tooMany(file: string) {
  return rejected(
    `${file} has more than ${MAX_NAMES} feature names, or a version of more than three numbers`,
    'Train the model without feature names.',
  );
}

function tooLarge(file: string, sizeBytes: number) {
  return rejected(
    `${file} has ${sizeBytes} bytes, and what it takes does not stand within its last ${TAIL_BYTES}`,
    "Save the model again with XGBoost's own save_model('model.ubj').",
  );
}
