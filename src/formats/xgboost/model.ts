import type { ColumnRange } from '#domain/artifact/column-range.ts';
import { walkJson } from '#formats/bytes/json-walk.ts';
import { walkUbjson } from '#formats/bytes/ubjson-walk.ts';
import { remembered, type Scalar, type Visitor } from '#formats/bytes/walk.ts';
import type { Print } from '#formats/bytes/weight-print.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { xgboostCategories } from './categories.ts';
import { xgboostTrees } from './trees.ts';

/** The content of an XGBoost file. Only the lists of feature names and the version are kept. */
export type XgboostModel = {
  readonly version: readonly number[];
  readonly features: number;
  readonly classes: number;
  readonly targets: number;
  readonly names: readonly string[];
  /** The columns that were text in the training table; XGBoost keeps their categories from 3.1 on. */
  readonly texts: readonly string[];
  readonly objective: string;
  readonly booster: string;
  readonly trees: number;
  /** The total over all trees. */
  readonly nodes: number;
  /** The print of the trees' numbers, the same in JSON and UBJSON; undefined where there are too many trees, or none. */
  readonly print: Print | undefined;
  readonly ranges: readonly ColumnRange[] | undefined;
};

const WALKS = { json: walkJson, ubj: walkUbjson } as const;
const MAX_NAMES = 100_000;
const MAX_SCALARS = 100;
// XGBoost allocates memory for the number that the file declares.
const MAX_COUNT = 1_000_000;

// `dart` nests its model in a `gbtree`.
const MODEL = /^learner\.gradient_booster\.(?:gbtree\.)?model(?:\.|$)/;
const WALKED: readonly RegExp[] = [
  /^(|learner|version)$/,
  /^learner\.(feature_names|learner_model_param|objective|gradient_booster|gradient_booster\.gbtree)$/,
];
const WALKED_IN_MODEL =
  /^(|weights|gbtree_model_param|trees|trees\[\]|trees\[\]\.tree_param|cats|cats\.enc|cats\.enc\[\]|cats\.enc\[\]\.values)$/;

/**
 * Reads the whole file and checks each tree. If `isHeld`, the booster is kept within another format, with its settings beside the model.
 * Fails with `ArtifactRejected` when it is not an XGBoost model, has too many names, or has an unsound tree.
 */
export async function readXgboost(
  source: ByteSource,
  file: string,
  { format, isHeld = false }: { readonly format: keyof typeof WALKS; readonly isHeld?: boolean },
): Promise<XgboostModel> {
  const found = collected(file);
  await WALKS[format](source, file, isHeld ? within('Model', found.visitor) : found.visitor);
  return found.model();
}

/** Visits only the content under that key. */
function within(key: string, { enter, value, numbers, counted, bytesOf }: Visitor): Visitor {
  const inside = remembered((path) =>
    path === key || path.startsWith(`${key}.`) ? path.slice(key.length + 1) : undefined,
  );
  return {
    enter(path) {
      const place = inside(path);
      if (path === '') return 'walk';
      return place === undefined ? 'skip' : enter(place);
    },
    value: (path, found) => value(inside(path) ?? '', found),
    numbers: (path, found) => numbers(inside(path) ?? '', found),
    counted: (path, items) => counted(inside(path) ?? '', items),
    bytesOf: (path) => bytesOf?.(inside(path) ?? ''),
  };
}

function collected(file: string) {
  const scalars = new Map<string, Scalar>();
  const shapes = xgboostTrees(file);
  const categories = xgboostCategories(file);
  const version: number[] = [];
  const names: string[] = [];
  let weights = 0;

  const number = (key: string) => {
    const value = Number(scalars.get(`learner.learner_model_param.${key}`) ?? 0);
    return Number.isSafeInteger(value) ? value : 0;
  };
  const text = (path: string) => String(scalars.get(path) ?? '');

  const placeOf = remembered(placeInModel);
  const isWalked = remembered((place) => WALKED_IN_MODEL.test(place));
  const visitor: Visitor = {
    enter(path) {
      const place = placeOf(path);
      if (place === undefined) return WALKED.some((each) => each.test(path)) ? 'walk' : 'skip';
      const mode = shapes.enter(place) ?? categories.enter(place);
      return mode ?? (isWalked(place) ? 'walk' : 'skip');
    },
    numbers(path, values) {
      const place = placeOf(path) ?? '';
      if (place.startsWith('cats.')) categories.numbers(place, values);
      else shapes.numbers(place, values);
    },
    counted: (path, items) => shapes.counted(placeOf(path) ?? '', items),
    bytesOf: (path) => shapes.bytesOf(placeOf(path) ?? ''),
    value(path, value) {
      const place = placeOf(path);
      if (place !== undefined) valueOfModel(place, value);
      else if (path === 'version[]') version.push(Number(value));
      else if (path === 'learner.feature_names[]') names.push(nameOf(file, value));
      else if (scalars.size < MAX_SCALARS) scalars.set(path, value);
      else throw tooMany(file);
      if (names.length > MAX_NAMES || version.length > 3) throw tooMany(file);
    },
  };

  function valueOfModel(place: string, value: Scalar): void {
    shapes.value(place, value);
    categories.value(place);
    if (place === 'weights[]') weights += 1;
    else if (place === 'gbtree_model_param.num_trees') scalars.set('trees', value);
  }

  function model(): XgboostModel {
    const [features, classes] = [number('num_feature'), number('num_class')];
    const targets = Math.max(1, number('num_target'));
    if (Math.max(features, classes, targets) > MAX_COUNT) {
      throw tooMuch(file, { features, classes, targets });
    }
    const groups = Math.max(1, classes, targets);
    const booster = text('learner.gradient_booster.name');
    const texts = categories.end(features);
    const nodes = shapes.end(features, groups);
    if (booster === 'gblinear' && weights !== (features + 1) * groups) {
      throw rejected(
        `${file} has ${weights} weights for ${features} features, and needs ${(features + 1) * groups}`,
        'Save the model again from XGBoost.',
      );
    }
    return {
      features,
      classes,
      targets,
      names,
      booster,
      nodes,
      print: shapes.print(),
      ranges: shapes.ranges(features),
      version: version.filter((part) => Number.isSafeInteger(part) && part >= 0),
      texts: texts.map((place) => names[place] ?? ''),
      objective: text('learner.objective.name'),
      trees: Number(text('trees')) || 0,
    };
  }

  return { visitor, model };
}

/** XGBoost reads a name up to a NUL. */
function nameOf(file: string, value: Scalar): string {
  const name = String(value);
  if (!name.includes('\0')) return name;
  throw rejected(
    `${file} has the feature name ${quoted(name)}, with a NUL in it`,
    'Train the model with another name for that feature.',
  );
}

/** The path relative to the model, empty for the model itself; undefined outside it. */
function placeInModel(path: string): string | undefined {
  const [begin] = MODEL.exec(path) ?? [];
  return begin === undefined ? undefined : path.slice(begin.length);
}

function tooMuch(
  file: string,
  { features, classes, targets }: Pick<XgboostModel, 'features' | 'classes' | 'targets'>,
) {
  return rejected(
    `${file} says that it has ${features} features, ${classes} classes and ${targets} targets; the limit of each is ${MAX_COUNT}`,
    'Save the model again from XGBoost.',
  );
}

function tooMany(file: string) {
  return rejected(
    `${file} has more than ${MAX_NAMES} feature names, ${MAX_SCALARS} parameters, or a version of more than three numbers`,
    'Train the model without feature names.',
  );
}
