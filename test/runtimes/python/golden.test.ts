import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Runtime } from '../runtime.ts';

await onPython(describeGolden);

/** A model over the columns `count` and `place`, whose encoder has learned these. */
const COLUMNS = `
import json, sys
import numpy as np
from slipway_server.conversion.compare import difference
from slipway_server.proof.golden import golden_inputs
from slipway_server.proof.golden_rows import made_rows
from slipway_server.config import Facts
from slipway_server.model import Model, matrix
from slipway_server.refusal import Refusal
from slipway_server.values.tensors import Signature, TensorSpec

class Part:
    def __init__(self, **learned): self.__dict__.update(learned)
    def fit(self): pass

def table(*columns):
    return Signature(tuple(TensorSpec(name, datatype, (-1,)) for name, datatype in columns), ())

FACTS = Facts("sklearn", None, None, True, None)
`;

function describeGolden(runtime: Runtime): void {
  let python: PythonSnippets;
  beforeAll(() => {
    python = pythonSnippets(runtime);
  });
  afterAll(() => python.close());

  const said = (code: string) => python.said(COLUMNS + code);

  it('an encoder is asked for what it has learned alone, be it words or numbers', async () => {
    const found = await said(`
encoder = Part(categories_=[np.array([1, 2, 5]), np.array(["here", None], dtype=object)])
native = Part(transformers_=[("code", encoder, ["count", "place"])])
rows = made_rows(Model(table(("count", "FP64"), ("place", "BYTES")), None, True, native=native))
print(json.dumps({name: sorted(set(values.tolist())) for name, values in rows.items()}))
`);

    expect(found).toEqual({ count: [1, 2, 5], place: ['here'] });
  });

  it('whole numbers that a float would round are drawn and asked for as they are', async () => {
    const found = await said(`
from slipway_server.adapters.columns import column, learned_of, missing_of
ids = Part(categories_=[np.array([400000000000000001, 400000000000000003]), np.array([2**63 + 5], dtype=np.uint64)])
words = Part(categories_=[np.array(["here", None], dtype=object), np.array(["", np.nan], dtype=object)])
native = Part(feature_names_in_=["count", "large", "place", "site"], transformers_=[("ids", ids, ["count", "large"]), ("words", words, ["place", "site"])])
learned = learned_of(native)
specs = tuple(column(name, learned[name]) for name in learned)
rows = made_rows(Model(Signature(specs, ()), None, True, native=native))
print(json.dumps({
    "datatypes": [spec.datatype for spec in specs],
    "emptyIsNull": [spec.empty_is_null for spec in specs[2:]],
    "missing": [str(missing_of(native)[name]) for name in ("place", "site")],
    "drawn": [list(map(str, sorted(set(rows[name].tolist())))) for name in ("count", "large")],
}))
`);

    expect(found).toEqual({
      datatypes: ['INT64', 'UINT64', 'BYTES', 'BYTES'],
      emptyIsNull: [true, false],
      missing: ['None', 'nan'],
      drawn: [['400000000000000001', '400000000000000003'], ['9223372036854775813']],
    });
  });

  it.each([
    { learned: '[2**53, -2**63]', wanted: 'INT64' },
    { learned: '[0, 2**64 - 1]', wanted: 'UINT64' },
    { learned: '[2**53 - 1]', wanted: null },
    { learned: '[-1, 2**63]', wanted: null },
    { learned: '[10**25]', wanted: null },
  ])('whole numbers of $learned are of the type $wanted', async ({ learned, wanted }) => {
    const found = await said(`
from slipway_server.adapters.columns import whole_type
print(json.dumps(whole_type(np.array(${learned}, dtype=object))))
`);

    expect(found).toBe(wanted);
  });

  it('whole numbers that were only declared as such cannot be missing, as in MLflow', async () => {
    const found = await said(`
from slipway_server.adapters.columns import with_missing
declared = TensorSpec("count", "INT64", (-1,))
learned = [None, np.array([1, 2]), np.array([400000000000000001])]
print(json.dumps([with_missing(declared, each).takes_null for each in learned]))
`);

    expect(found).toEqual([false, false, true]);
  });

  it('columns that a slice or one name chooses are taken as well as a list of them', async () => {
    const found = await said(`
scaler, encoder = Part(mean_=np.zeros(2), scale_=np.ones(2)), Part(categories_=[np.array(["here", "there"], dtype=object)])
native = Part(transformers_=[("scale", scaler, slice(0, 2)), ("rest", "drop", [1]), ("code", encoder, "place")])
rows = made_rows(Model(table(("count", "FP64"), ("place", "BYTES")), None, True, native=native))
print(json.dumps({"rows": len(rows["count"]), "place": sorted(set(rows["place"].tolist()))}))
`);

    expect(found).toEqual({ rows: 256, place: ['here', 'there'] });
  });

  it.each([
    { what: 'of a table', before: 'None', columns: { place: ['here'] } },
    {
      what: 'behind an imputer',
      before: 'SimpleImputer(add_indicator=False)',
      columns: { place: ['here'] },
    },
    {
      what: 'behind one that adds columns',
      before: 'SimpleImputer(add_indicator=True)',
      columns: {},
    },
    { what: 'behind another step', before: 'Part()', columns: {} },
  ])(
    'what an encoder has learned of a place $what is of that column, or of none',
    async ({ before, columns }) => {
      const found = await said(`
from slipway_server.adapters.columns import learned_of
class SimpleImputer(Part): pass
before, names = ${before}, np.array(["count", "place"], dtype=object)
choose = Part(
    transformers_=[("code", Part(categories_=[np.array(["here"], dtype=object)]), [-1])],
    _transformer_to_input_indices={"code": [1]},
    n_features_in_=2,
)
(before or choose).feature_names_in_ = names
learned = learned_of(Part(steps=[("before", before), ("choose", choose)]))
print(json.dumps({name: values.tolist() for name, values in learned.items()}))
`);

      expect(found).toEqual(columns);
    },
  );

  it.each([
    { what: 'that is given the table', before: 'None', columns: { place: ['here', 'there'] } },
    { what: 'behind a step', before: 'Part()', columns: {} },
  ])('a booster $what is given its own categories: $columns', async ({ before, columns }) => {
    const found = await said(`
from slipway_server.adapters.columns import categories_of
class Booster(Part):
    __module__ = "lightgbm.basic"
    def feature_name(self): return ["count", "place"]
    def model_to_string(self, num_iteration): return "[categorical_feature: 1]"
steps = [("before", ${before}), ("boost", Booster(pandas_categorical=[["here", "there"]]))]
print(json.dumps({name: values.tolist() for name, (values, _) in categories_of(Part(steps=steps)).items()}))
`);

    expect(found).toEqual(columns);
  });

  it.each([
    { what: 'between two seconds', split: 1_700_000_000.5, of: [1_700_000_000, 1_700_000_001] },
    {
      what: 'just above a second',
      split: 1_700_001_002.0000002,
      of: [1_700_001_001, 1_700_001_003],
    },
    { what: 'between two prices', split: 123_456.785, of: [123_456.78, 123_456.79] },
    { what: 'between two milliseconds', split: 1_700_000_000_000.5, of: [1.7e12, 1.7e12 + 1] },
    { what: 'below zero', split: -20.5, of: [-21, -20] },
  ])('both sides of a split $what are asked for', async ({ split, of }) => {
    const found = await said(`
tree = Part(tree_=Part(feature=np.array([0]), threshold=np.array([${split}])))
print(json.dumps(sorted(set(made_rows(Model(Signature(matrix(1), ()), None, native=tree))["input"].ravel().tolist()))))
`);

    expect(found).toEqual(expect.arrayContaining(of));
  });

  it('a split that no one wrote has no numbers beside it: none are so near to it', async () => {
    const found = await said(`
tree = Part(tree_=Part(feature=np.array([0]), threshold=np.array([0.12345678901234])))
rows = made_rows(Model(Signature(matrix(1), ()), None, native=tree))["input"]
print(json.dumps(sorted(set(rows.ravel().tolist()))))
`);

    expect(found).toHaveLength(4);
  });

  it('what is missing or unknown is asked for where the model answers it, and named where it does not', async () => {
    const found = await said(`
def predict(arrays):
    if np.isnan(arrays["strict"]).any(): raise Refusal(400, "missing")
    return {"prediction": arrays["lax"]}
model = Model(table(("strict", "FP64"), ("lax", "FP64"), ("word", "BYTES")), predict, True)
rows, refused = golden_inputs(model, FACTS)
print(json.dumps({
    "strict": int(np.isnan(rows["strict"]).sum()),
    "lax": bool(np.isnan(rows["lax"]).sum() > 4),
    "word": [each in rows["word"].tolist() for each in ("\\u2047", None)],
    "first": bool(np.isnan(rows["lax"][:16]).any()),
    "refused": refused,
}))
`);

    expect(found).toEqual({
      strict: 0,
      lax: true,
      word: [true, true],
      first: false,
      refused: [['strict', null, true]],
    });
  });

  it.each([
    { what: 'a matrix', inputs: 'matrix(200)', refused: [['input', null, true]] },
    {
      what: 'a table',
      inputs: 'tuple(TensorSpec(f"c{n}", "FP64", (-1,)) for n in range(200))',
      refused: Array.from({ length: 200 }, (_, index) => [`c${index}`, null, true]),
    },
  ])('$what of many columns is asked about all of them', async ({ inputs, refused }) => {
    const found = await said(`
asked = []
def predict(arrays):
    asked.append(1)
    if any(np.isnan(array).any() for array in arrays.values()): raise Refusal(400, "missing")
    return {"prediction": np.zeros(1)}
_, refused = golden_inputs(Model(Signature(${inputs}, ()), predict), FACTS)
print(json.dumps([refused, len(asked)]))
`);

    expect(found).toEqual([refused, 2]);
  });

  it.each([
    { what: 'a part in ten millions', scale: 1, apart: 1e-7, isSame: true },
    { what: 'a tenth of a number that is small itself', scale: 1e-6, apart: 1e-7, isSame: false },
    { what: 'a tenth of a large number', scale: 1e6, apart: 1e5, isSame: false },
    { what: 'a tenth of their spread around a large number', from: 1e8, scale: 1, apart: 0.1 },
    { what: 'nothing', scale: 0, apart: 0, isSame: true },
  ])('an answer that differs by $what: the same is $isSame', async (given) => {
    const { from = 0, scale, apart, isSame = false } = given;
    const found = await said(`
native = ${from} + np.array([0.0, ${scale}, ${scale} / 2])
largest, why = difference({"prediction": native}, {"prediction": native + ${apart}})
print(json.dumps(why))
`);

    expect(found === null).toBe(isSame);
  });

  it.each([
    { what: 'that JSON has not, though of another kind', of: 'np.inf', isSame: true },
    { what: 'where the framework has a number', of: '2.0', isSame: false },
  ])('an answer that is no number $what: the same is $isSame', async ({ of, isSame }) => {
    const found = await said(`
native = {"prediction": np.array([1.0, ${of}])}
print(json.dumps(difference(native, {"prediction": np.array([1.0, np.nan])})[1]))
`);

    expect(found === null).toBe(isSame);
  });

  it('a conversion is asked beside thresholds, near zero, and for extremes', async () => {
    const found = await said(`
from slipway_server.proof.hard_rows import hard_rows
linear = Part(coef_=np.array([1.0, -1.0]), intercept_=0.5, mean_=np.array([3.0, 5.0]))
model = Model(Signature(matrix(2), ()), None, native=linear)
groups = {group.what: group.rows["input"] for group in hard_rows(model, made_rows(model))}
beside, small, extreme = groups.values()
print(json.dumps({
    "step": bool((beside[:, 0] == np.nextafter(3.0, 4)).any()),
    "terms": float(np.abs(small).max()),
    "answers": float(np.abs(small @ linear.coef_ + 0.5).max()),
    "beyond": bool((np.abs(extreme) > 3.5e38).any()),
}))
`);

    expect(found).toMatchObject({ step: true, beyond: true });
    expect(found.terms).toBeGreaterThan(1e7);
    expect(found.answers).toBeLessThan(10);
  });

  it('a model that answers the same row otherwise each time has no request whose answer is known', async () => {
    const found = await said(`
from slipway_server.describe import _example
class Dice:
    thrown = 0
    def predict(self, inputs):
        Dice.thrown += 1
        return {"label": np.array([Dice.thrown]), "prediction": np.array([0.5])}
signature = Signature(matrix(2), ())
row = {"input": np.zeros((1, 2))}
known = _example(Model(signature, lambda inputs: {"prediction": np.array([0.5])}), row)
print(json.dumps([_example(Model(signature, Dice().predict), row), known["expect"]["outputs"][0]["data"]]))
`);

    expect(found).toEqual([null, [0.5]]);
  });

  it('what has no way back through its first steps is asked by what these have learned', async () => {
    const found = await said(`
class OneWay(Part):
    n_features_in_ = 2
    def inverse_transform(self, rows): raise ValueError("can not be inverted")
first = OneWay(categories_=[np.array([1, 2]), np.array([5.0, np.nan])])
rows = made_rows(Model(Signature(matrix(2), ()), None, native=Part(steps=[("first", first), ("last", Part())])))["input"]
print(json.dumps([sorted(set(column.tolist())) for column in rows.T]))
`);

    expect(found).toEqual([[1, 2], [5]]);
  });

  it('neighbours, whose tree is none of splits, are asked near the rows that they keep', async () => {
    const found = await said(`
near = Part(tree_=Part(data=None), _fit_X=np.array([[1.0], [3.0]]))
rows = made_rows(Model(Signature(matrix(1), ()), None, native=near))["input"]
print(json.dumps({1.0, 2.0, 3.0} <= set(rows.ravel().tolist())))
`);

    expect(found).toBe(true);
  });

  it.each([
    { what: 'that refuses some', code: 'refuse(rows[:, 0] < 0)', least: 64, most: 255 },
    {
      what: 'that answers each by very many numbers',
      code: 'np.zeros((len(rows), 50_000))',
      least: 40,
      most: 40,
    },
  ])('a model $what is proven by fewer rows', async ({ code, least, most }) => {
    const found = await said(`
from slipway_server.describe import _described
def refuse(wrong):
    if wrong.any(): raise Refusal(400, "below zero")
    return wrong
def predict(arrays):
    rows = arrays["input"]
    return {"transformed": ${code}}
facts = Facts("sklearn", None, None, False, None)
model = Model(Signature(matrix(2), ()), predict, native=Part(mean_=np.zeros(2), scale_=np.ones(2)))
told, golden, _ = _described(model, facts)
print(json.dumps([told["rows"], len(golden["inputs"][0]["data"]) / 2]))
`);

    const [rows, compared] = found;
    expect(rows).toBeGreaterThanOrEqual(least);
    expect(rows).toBeLessThanOrEqual(most);
    expect(compared).toBe(rows);
  });
}
