import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Runtime } from '../runtime.ts';

await onPython(describeFrameworks);

// The environment lacks all frameworks.
function describeFrameworks(runtime: Runtime): void {
  let snippets: PythonSnippets;
  beforeAll(() => {
    snippets = pythonSnippets(runtime);
  });
  afterAll(() => snippets.close());

  it.each([
    ['xgboost.sklearn', 'xgboost'],
    ['lightgbm.basic', 'lightgbm'],
    ['catboost.core', 'catboost'],
    ['sklearn.pipeline', 'sklearn'],
    ['xgboosted.of_their_own', 'sklearn'],
  ])('an object of %s is asked as %s has it, without importing it', async (module, framework) => {
    const found = await snippets.said(`
import json, sys
from slipway_server.frameworks import framework_of
made = framework_of(type("Made", (), {"__module__": "${module}"})())
print(json.dumps([made.__name__, [name for name in ("sklearn", "xgboost", "lightgbm", "catboost") if name in sys.modules]]))
`);

    expect(found).toEqual([`slipway_server.frameworks.${framework}`, []]);
  });

  it('nothing is searched for garbage while a model of data is loaded, and what it left is never searched', async () => {
    const found = await snippets.said(`
import gc, json, sys
from types import ModuleType
from slipway_server.adapters import load_model
from slipway_server.config import Facts
from slipway_server.model import Model
from slipway_server.values.tensors import Signature
seen = {}
def load(path, facts):
    seen["searches"] = gc.isenabled()
    seen["kept"] = [[]]
    return Model(Signature((), ()), lambda arrays: arrays)
from importlib.machinery import ModuleSpec
adapter = ModuleType("slipway_server.adapters.kept_model")
adapter.load = load
adapter.__spec__ = ModuleSpec(adapter.__name__, None)
sys.modules[adapter.__name__] = adapter
load_model("/tmp", Facts("kept", None, None, False, None, brings="data"))
searched = any(each is seen["kept"] for each in gc.get_objects())
print(json.dumps([seen["searches"], gc.isenabled(), searched]))
gc.unfreeze()
`);

    expect(found).toEqual([false, true, false]);
  });

  it('no rows are answered by none of each output, where a framework refuses them', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.values.no_rows import answer_to_no_rows
from slipway_server.values.tensors import Signature, TensorSpec
rows = (TensorSpec("input", "FP64", (-1, 4)),)
outputs = (TensorSpec("label", "BYTES", (-1,)), TensorSpec("probabilities", "FP32", (-1, 3)))
asked = lambda count, inputs=rows, outputs=outputs: answer_to_no_rows({"input": np.zeros((count, 4))}, Signature(inputs, outputs))
shapes = {name: [array.dtype.kind, *array.shape] for name, array in asked(0).items()}
whole = asked(0, outputs=(TensorSpec("sum", "FP32", ()),))
print(json.dumps([shapes, asked(1), asked(0, outputs=()), whole]))
`);

    expect(found).toEqual([{ label: ['O', 0], probabilities: ['f', 0, 3] }, null, null, null]);
  });

  it('nothing is known of where XGBoost decides that cannot write its trees down, as 3.1 cannot those with several targets', async () => {
    const found = await snippets.said(`
import json
from slipway_server.frameworks.xgboost import thresholds
class Booster:
    feature_names = None
    def get_dump(self, dump_format): raise ValueError("not yet implemented")
print(json.dumps(list(thresholds(Booster(), 3))))
`);

    expect(found).toEqual([]);
  });

  it('columns that its ColumnTransformer drops take any value, where scikit-learn keeps which those are', async () => {
    const found = await snippets.said(`
import json
from slipway_server.adapters.columns import unread_of
from slipway_server.values.tensors import TensorSpec, read_written_tensor
class Columns:
    transformers_ = [("scale", object(), ["age"]), ("gone", "drop", ["fare"]), ("remainder", "drop", [0])]
    _transformer_to_input_indices = {"scale": [1], "gone": [2], "remainder": [0]}
class Pipeline:
    def __init__(self, *steps): self.steps = [(str(at), step) for at, step in enumerate(steps)]
class Search:
    best_estimator_ = Pipeline("passthrough", Columns(), object())
class Old(Columns):
    _transformer_to_input_indices = {}
names = ["name", "age", "fare"]
found = [sorted(unread_of(each, names)) for each in (Search(), Old(), Pipeline(object(), Columns()), object())]
read = read_written_tensor(TensorSpec("name", "FP64", (-1,), is_unread=True), [4], [7, "Owen Harris", None, "2024-01-01"])
print(json.dumps([found, read.tolist()]))
`);

    expect(found).toEqual([
      [['fare', 'name'], [], [], []],
      [7, 0, 0, 0],
    ]);
  });

  it('a tensor of a column that its ColumnTransformer drops is declared as texts, and may be of any datatype', async () => {
    const found = await snippets.said(`
import json
from slipway_server.protocols.binary import Tail
from slipway_server.protocols.infer_protocol import read_infer_request
from slipway_server.values.tensors import Signature, TensorSpec
signature = Signature((TensorSpec("name", "FP64", (-1,), is_unread=True),), ())
sent = [("BYTES", ["Owen Harris", ""]), ("BOOL", [True, False]), ("INT64", [1, 2]), ("FP64", [1.5, 2])]
body = lambda datatype, data: {"inputs": [{"name": "name", "shape": [2], "datatype": datatype, "data": data}]}
read = [read_infer_request(body(*each), Tail(None), signature).inputs["name"].tolist() for each in sent]
print(json.dumps([signature.declared().json()["inputs"][0]["datatype"], read]))
`);

    expect(found).toEqual([
      'BYTES',
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [1.5, 2],
      ],
    ]);
  });

  it('a pipeline is asked step by step, since not every step has something to be fitted', async () => {
    const found = await snippets.said(`
import json
from slipway_server.adapters.estimator import _last_step
class Doubled:
    def transform(self, rows): return rows * 2
class Last:
    def predict(self, rows): return rows + 1
class Pipeline:
    __module__ = "sklearn.pipeline"
    steps = [("a", Doubled()), ("b", "passthrough"), ("c", Last())]
    def __getitem__(self, _): raise ValueError("this Pipeline is not fitted yet")
before, last = _last_step(Pipeline())
print(json.dumps(last.predict(before(3))))
`);

    expect(found).toBe(7);
  });

  it('a pipeline whose first step knows no width is asked in the width of a later one', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.model import Model, matrix
from slipway_server.proof.example import first_example
from slipway_server.refusal import Refusal
from slipway_server.values.tensors import Signature
class Own: pass
class Last: n_features_in_ = 4
class Pipeline: steps = [("own", Own()), ("last", Last())]
def predict(inputs):
    if inputs["input"].shape != (1, 4): raise Refusal(400, "another width")
    return {"label": np.zeros(1)}
inputs, _ = first_example(Model(Signature(matrix(None), ()), predict, native=Pipeline()))
print(json.dumps(list(inputs["input"].shape)))
`);

    expect(found).toEqual([1, 4]);
  });

  it('XGBoost answers labels of which a row may have several as its class does, each by how likely it is', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.frameworks.xgboost import answers
found = answers("binary:logistic", np.array([[0.75, 0.25], [0.5, 1.0]], dtype=np.float32))
print(json.dumps({name: values.tolist() for name, values in found.items()}))
`);

    expect(found).toEqual({
      label: [
        [1, 0],
        [0, 1],
      ],
      probabilities: [
        [0.75, 0.25],
        [0.5, 1],
      ],
    });
  });

  it('a table is refused of which one column is longer, though the framework would take one value for all rows', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.adapters import _of_one_length
from slipway_server.refusal import Refusal
ask = _of_one_length(lambda columns: {"sum": columns["a"] + columns["b"]})
even = ask({"a": np.ones(2), "b": np.ones(2)})["sum"].tolist()
try: ask({"a": np.ones(2), "b": np.ones(1)})
except Refusal as refused: print(json.dumps([even, refused.status, refused.message]))
`);

    expect(found).toEqual([
      [2, 2],
      400,
      'there are 2 of "a" and 1 of "b"; it takes as many of each',
    ]);
  });

  it('each framework answers all that is asked of one', async () => {
    const missing = await snippets.said(`
import json
from slipway_server.frameworks import NAMES, framework
asked = ["PLATFORM", "REFUSES_UNKNOWN", "load", "own_model", "names", "categories", "thresholds", "conversions", "register_converters"]
print(json.dumps([[name, each] for name in NAMES for each in asked if not hasattr(framework(name), each)]))
`);

    expect(missing).toEqual([]);
  });

  it.each([
    ['transform', 'rows * 2', { transformed: [[2, 4]] }],
    ['kneighbors', '(rows, rows > 1)', { distances: [[1, 2]], indices: [[false, true]] }],
    ['score_samples', 'rows.sum(axis=1)', { score: [3] }],
  ])('an estimator without predict answers by its %s', async (method, answer, expected) => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.adapters.estimator import estimator_model
from slipway_server.config import Facts
class Other:
    n_features_in_ = 2
    def ${method}(self, rows): return ${answer}
model = estimator_model(Other(), Facts("sklearn", None, None, False, None))
print(json.dumps({name: each.tolist() for name, each in model.predict({"input": np.array([[1.0, 2.0]])}).items()}))
`);

    expect(found).toEqual(expected);
  });

  it('one that answers for no new row is refused with the ways in which it could', async () => {
    const found = await snippets.said(`
import json
from slipway_server.adapters.estimator import estimator_model
from slipway_server.config import Facts
from slipway_server.refusal import Refusal
class Clusters:
    n_features_in_ = 2
    def fit_predict(self, rows): return rows
try:
    estimator_model(Clusters(), Facts("sklearn", None, None, False, None))
except Refusal as refused:
    print(json.dumps(refused.message))
`);

    expect(found).toBe(
      'Clusters has none of predict, transform, kneighbors, score_samples, so it answers for no row but those that it was fitted on',
    );
  });

  it('centers of FP32, which scikit-learn compares with rows of FP32 alone, are FP64, in a pipeline and in the tree of a bisecting k-means too', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.adapters.estimator import estimator_model
from slipway_server.config import Facts
class Part:
    def __init__(self, **kept): self.__dict__.update(kept)
tree = Part(center=np.float32([0.1]), left=Part(center=np.float32([0.3]), left=None, right=None), right=None)
class Clusters(Part):
    def predict(self, rows): return [str(self.cluster_centers_.dtype), str(self.components_.dtype), str(tree.center.dtype), str(tree.left.center.dtype)]
part = Clusters(n_features_in_=1, cluster_centers_=np.float32([[0.1]]), components_=np.float32([[0.2]]), _bisecting_tree=tree)
class Pipeline(Part):
    def predict(self, rows): return self.steps[-1][1].predict(rows)
model = estimator_model(Pipeline(n_features_in_=1, steps=[("only", part)]), Facts("sklearn", None, None, False, None))
print(json.dumps(list(model.predict({"input": np.array([[1.0]])}).values())[0].tolist()))
`);

    expect(found).toEqual(['float64', 'float64', 'float64', 'float64']);
  });

  it('labels of bytes are answered as the texts that they are', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.model import plain
print(json.dumps(plain(np.char.encode(["a", "bé"], "utf-8")).tolist()))
`);

    expect(found).toEqual(['a', 'bé']);
  });

  it('texts that were fitted without names come to the estimator as one table of objects', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.adapters.estimator import estimator_model
from slipway_server.config import Facts
class Encoder:
    n_features_in_ = 2
    categories_ = [np.array(["red", "blue"], dtype=object), np.array([1.5, 2.5], dtype=object)]
    def transform(self, rows): return np.array([[type(each).__name__ for each in row] for row in rows.tolist()])
model = estimator_model(Encoder(), Facts("sklearn", None, None, False, None))
answer = model.predict({"x0": np.array(["red"], dtype=object), "x1": np.array([1.5])})
print(json.dumps([[[spec.name, spec.datatype] for spec in model.signature.inputs], answer["transformed"].tolist()]))
`);

    expect(found).toEqual([
      [
        ['x0', 'BYTES'],
        ['x1', 'FP64'],
      ],
      [['str', 'float']],
    ]);
  });

  it.each([
    ['xgboost', 'get_booster'],
    ['lightgbm', 'booster_'],
  ])(
    'a booster of %s that was pickled by itself is asked as a file of it is',
    async (framework, own) => {
      const found = await snippets.said(`
import json
from slipway_server.frameworks import ${framework}
${framework}.booster_model = lambda value, facts: "as a file"
class Booster:
    def model_to_string(self): return ""
class Estimator:
    def ${own}(self): return Booster()
print(json.dumps([${framework}.own_model(Booster(), None), ${framework}.own_model(Estimator(), None)]))
`);

      expect(found).toEqual(['as a file', null]);
    },
  );

  // `def ratio(d): d['ratio'] = d.income / len(d); return d`, as each Python compiles it.
  const COMPILED = {
    '3.11':
      '97007c006a0000000000000000007403000000000000000000007c00a6010000ab0100000000000000007a0b00007c0064013c0000007c005300',
    '3.12':
      '97007c006a00000000000000000000000000000000000000740300000000000000007c00ab010000000000007a0b00007c0064013c0000007c005300',
    '3.13':
      '9500550052000000000000000000000000000000000000005b030000000000000000550035010000000000002d0b0000550053012700000055002400',
  };

  it('code makes no function of bytecode that another Python compiled', async () => {
    const [own, made] = await snippets.said(`
import json, sys
from slipway_server.loading.bytecode import no_foreign_bytecode
def ratio(d): return d
def made(code):
    try:
        with no_foreign_bytecode(): return ratio.__code__.replace(co_code=bytes.fromhex(code)).co_name
    except RuntimeError as error: return str(error)
compiled = ${JSON.stringify(COMPILED)}
print(json.dumps(["%d.%d" % sys.version_info[:2], {version: made(code) for version, code in compiled.items()}]))
`);

    const { [own]: allowed, ...others } = made;
    expect(allowed ?? 'ratio').toBe('ratio');
    expect(Object.values(others)).toEqual(
      Object.values(others).map(() =>
        expect.stringMatching(
          /^the function 'ratio' was saved as bytecode of (Python 3\.\d+|another Python), and this is Python 3\.\d+$/,
        ),
      ),
    );
  });

  it('code may import what Cython has compiled, whose functions have no bytecode but for show', async () => {
    const found = await snippets.said(`
import json
from slipway_server.loading.bytecode import no_foreign_bytecode
def shown(d): return d
with no_foreign_bytecode():
    made = [shown.__code__.replace(co_code=code).co_name for code in (b"", bytes(2), bytes(64))]
print(json.dumps(made))
`);

    expect(found).toEqual(['shown', 'shown', 'shown']);
  });

  it('code that is not being loaded may make any function', async () => {
    const found = await snippets.said(`
import json
from slipway_server.loading.bytecode import no_foreign_bytecode
with no_foreign_bytecode(): pass
print(json.dumps([(lambda: 0).__code__.replace(co_code=bytes.fromhex(code)).co_name for code in ${JSON.stringify(Object.values(COMPILED))}]))
`);

    expect(found).toEqual(['<lambda>', '<lambda>', '<lambda>']);
  });

  it('what feature-engine has learned are the texts of columns, by their names', async () => {
    const found = await snippets.said(`
import json
from slipway_server.adapters.columns import is_of_texts, learned_of, names_given
class Encoder:
    feature_names_in_ = ["count", "place", "size"]
    variables_ = ["place", "size"]
    encoder_dict_ = {"place": {"here": 0.5, "there": 1.5}, "size": {1: 0, 2: 1}}
class Filler:
    feature_names_in_ = ["count", "place", "size"]
    imputer_dict_ = {"count": 1.5, "place": "Missing"}
class Wrapped:
    feature_names_in_ = ["hue"]
    n_features_in_ = 1
    categories_ = [["blue", "red"]]
class Wrapper:
    feature_names_in_ = ["hue"]
    variables_ = ["hue"]
    transformer_ = Wrapped()
class Pipeline:
    feature_names_in_ = Encoder.feature_names_in_
    steps = [("fill", Filler()), ("encode", Encoder()), ("wrapped", Wrapper())]
learned = learned_of(Pipeline())
print(json.dumps([names_given(Pipeline()), {name: values.tolist() for name, values in learned.items() if is_of_texts(values)}]))
`);

    expect(found).toEqual([
      ['count', 'place', 'size'],
      { place: ['here', 'there'], hue: ['blue', 'red'] },
    ]);
  });

  it('an output that was read off whole numbers is of fractions where the model answers these, also when one is whole', async () => {
    const found = await snippets.said(`
import json
import numpy as np
from slipway_server.adapters.user_code import outputs_of
from slipway_server.values.tensors import TensorSpec
asked = lambda spec, answer: outputs_of(answer, (spec,))["y"].dtype.kind
inferred, declared = TensorSpec("y", "INT64", (-1,), is_inferred=True), TensorSpec("y", "INT64", (-1,))
print(json.dumps([asked(spec, answer) for spec in (inferred, declared) for answer in (np.array([0.0]), np.array([0.5]), np.array([1]))]))
`);

    expect(found).toEqual(['f', 'f', 'i', 'i', 'f', 'i']);
  });
}
