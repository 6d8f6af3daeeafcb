import type { Ndarray, Value } from '#formats/pickle/values.ts';
import { textsOf } from '#formats/sklearn/texts.ts';
import { part } from '../../support/models/parts.ts';

const list = (...items: Value[]): Value => ({ kind: 'list', items, length: items.length });

const objects = (...items: Value[]): Ndarray => ({
  ...({ kind: 'array', items, shape: [items.length] } as const),
  dtype: { kind: 'dtype', code: 'O8', itemBytes: 8, isBuilt: true },
});

const places = (of: Readonly<Record<string, readonly number[]>>): Value => ({
  ...({ kind: 'dict', hasUnread: false, isSealed: false } as const),
  length: Object.keys(of).length,
  entries: new Map(Object.entries(of).map(([name, at]) => [name, list(...at)])),
});

const encoder = part('sklearn.preprocessing._encoders.OneHotEncoder', {
  categories_: list(objects('here', 'there')),
  n_features_in_: 1,
});

/** A transformer that gives its encoder the column at a place. */
const chooser = (place: number, more: Readonly<Record<string, Value>> = {}) =>
  part('sklearn.compose._column_transformer.ColumnTransformer', {
    transformers_: list(list('code', encoder, list(place))),
    _transformer_to_input_indices: places({ code: [place] }),
    n_features_in_: 2,
    ...more,
  });

const imputer = (more: Readonly<Record<string, Value>> = {}) =>
  part('sklearn.impute._base.SimpleImputer', {
    feature_names_in_: objects('count', 'place'),
    strategy: 'constant',
    statistics_: objects('none', 'none'),
    n_features_in_: 2,
    ...more,
  });

const pipeline = (...steps: readonly Value[]) =>
  part('sklearn.pipeline.Pipeline', {
    steps: list(...steps.map((step, index) => list(`${index}`, step))),
  });

const named = { feature_names_in_: objects('count', 'place') };

const dict = (of: Readonly<Record<string, Value>>): Value => ({
  ...({ kind: 'dict', hasUnread: false, isSealed: false } as const),
  length: Object.keys(of).length,
  entries: new Map(Object.entries(of)),
});

/** A part of feature-engine, which keeps names in lists and its learned values by name. */
const engine = (name: string, learned: Readonly<Record<string, Value>>) =>
  part(`feature_engine.${name}`, {
    feature_names_in_: list('count', 'place'),
    n_features_in_: 2,
    variables_: list('place'),
    ...learned,
  });

const CASES = [
  { what: 'of a table', model: pipeline(chooser(1, named)), texts: ['place'] },
  { what: 'behind nothing', model: pipeline('passthrough', chooser(1, named)), texts: ['place'] },
  {
    what: 'behind a step that answers column for column',
    model: pipeline(imputer(), chooser(1)),
    texts: ['place'],
  },
  {
    what: 'behind a step that left one out',
    model: pipeline(imputer(), chooser(0, { n_features_in_: 1 })),
    texts: [],
  },
  {
    what: 'behind a step that added others',
    model: pipeline(imputer({ add_indicator: true }), chooser(1)),
    texts: [],
  },
  {
    what: 'behind a step that moved them',
    model: pipeline(chooser(0, named), chooser(1)),
    texts: ['count'],
  },
  { what: 'that is not there', model: pipeline(chooser(7, named)), texts: [] },
  {
    what: 'of which the most frequent value is a text',
    model: imputer({ strategy: 'most_frequent', statistics_: objects(1, 'here') }),
    texts: ['place'],
  },
  {
    what: 'that feature-engine has encoded',
    model: pipeline(
      engine('imputation.MeanMedianImputer', { imputer_dict_: dict({ count: 2 }) }),
      engine('encoding.OneHotEncoder', { encoder_dict_: dict({ place: list('here', 'there') }) }),
    ),
    texts: ['place'],
  },
  {
    what: 'that feature-engine encodes as a number each',
    model: engine('encoding.MeanEncoder', { encoder_dict_: dict({ place: dict({ here: 0.5 }) }) }),
    texts: ['place'],
  },
  {
    what: 'that feature-engine fills',
    model: engine('imputation.CategoricalImputer', { imputer_dict_: dict({ place: 'Missing' }) }),
    texts: ['place'],
  },
  {
    what: 'of numbers that feature-engine encodes',
    model: engine('encoding.OneHotEncoder', { encoder_dict_: dict({ place: list(1, 2) }) }),
    texts: [],
  },
  {
    what: 'that feature-engine hands to an encoder',
    model: engine('wrappers.SklearnTransformerWrapper', {
      transformer_: part('sklearn.preprocessing._encoders.OneHotEncoder', {
        categories_: list(objects('here', 'there')),
        feature_names_in_: objects('place'),
        n_features_in_: 1,
      }),
    }),
    texts: ['place'],
  },
] as const;

it.each(CASES)('a column chosen by its place, $what, is of texts: $texts', ({ model, texts }) => {
  expect([...textsOf(model)]).toEqual(texts);
});

it('a part that holds itself is read once', () => {
  const model = pipeline(chooser(1, named));
  model.attributes.set('best_estimator_', model);

  expect([...textsOf(model)]).toEqual(['place']);
});

it('the columns of a table that was fitted without names are those that it is given', () => {
  const model = pipeline(chooser(1));

  expect([...textsOf(model, ['x0', 'x1'])]).toEqual(['x1']);
});
