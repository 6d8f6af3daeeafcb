"""Writes versions of one network and of several ensembles, by scikit-learn, ONNX, LightGBM and CatBoost, into a folder: `weights.py FOLDER`."""

import copy
import json
import pickle
import re
import sys
import warnings
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import onnx
from catboost import CatBoostClassifier
from onnx import numpy_helper
from onnxruntime.quantization import quantize_dynamic
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
folder = Path(sys.argv[1])
random = np.random.default_rng(1)
x = (random.normal(size=(600, 12)) * 5 + 3).astype(np.float32)
y = (x @ random.normal(size=(12, 3))).argmax(axis=1)


def network(seed=0, rows=500, **settings):
    prepared = StandardScaler().fit(x[:rows])
    model = MLPClassifier((64, 32), max_iter=30, random_state=seed, **settings)
    return make_pipeline(prepared, model.fit(prepared.transform(x[:rows]), y[:rows]))


def graph(model, opset=17):
    return to_onnx(model, x[:1], target_opset=opset, options={"zipmap": False})


def write(name, model):
    onnx.save(model, folder / f"{name}.onnx")


def edited(change):
    """The graph with other numbers in its matrices."""
    other = copy.deepcopy(first)
    for tensor in other.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and min(array.shape) > 1:
            tensor.CopyFrom(numpy_helper.from_array(change(array.copy()), tensor.name))
    return other


def moved(array):
    """A third of the numbers are those of their neighbours: a block of a file at another place."""
    flat = array.reshape(-1)
    flat[: len(flat) // 3] = np.roll(flat[: len(flat) // 3], 1)
    return flat.reshape(array.shape)


def of_two_bits(array):
    step = np.abs(array).max()
    return np.round(array / step) * step


def with_other_head(model):
    """The first layers as they were, before another last one."""
    tuned = copy.deepcopy(model)
    scaler, net = tuned[0], tuned[1]
    hidden = scaler.transform(x)
    for weights, bias in zip(net.coefs_[:-1], net.intercepts_[:-1]):
        hidden = np.maximum(hidden @ weights + bias, 0)
    head = LogisticRegression(max_iter=300).fit(hidden, y)
    net.coefs_[-1], net.intercepts_[-1] = head.coef_.T, head.intercept_
    return tuned


def with_other_scaler(model):
    return make_pipeline(StandardScaler().fit(x * 2 + 1), model[1])


def reordered(model):
    other = copy.deepcopy(model)
    tensors = list(other.graph.initializer)
    del other.graph.initializer[:]
    other.graph.initializer.extend(reversed(tensors))
    return other


def raw(model):
    """The numbers of each tensor as bytes, which alone may be in a file beside the graph."""
    other = copy.deepcopy(model)
    for tensor in other.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    return other


def typed(model):
    """The numbers of each tensor in the field of its type."""
    other = copy.deepcopy(model)
    for tensor in other.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32:
            tensor.CopyFrom(onnx.helper.make_tensor(tensor.name, tensor.data_type, array.shape, array.flatten()))
    return other


trained = network()
first = graph(trained)
write("first", first)
write("saved-again", reordered(first))
write("in-typed-fields", typed(first))
write("of-another-opset", graph(trained, 15))
onnx.save(raw(first), folder / "in-a-file-beside.onnx", save_as_external_data=True, location="beside.bin", size_threshold=0)
write("of-another-seed", graph(network(seed=3)))
write("of-more-rows", graph(network(rows=600)))
write("of-other-settings", graph(network(alpha=0.1)))
write("with-another-head", graph(with_other_head(trained)))
write("of-16-bits", edited(lambda array: array.astype(np.float16)))
quantize_dynamic(folder / "first.onnx", folder / "of-8-bits.onnx")
write("damaged", edited(moved))
write("of-two-bits", edited(of_two_bits))
write("behind-another-scaler", graph(with_other_scaler(trained)))

quiet = {"verbose": -1, "num_threads": 1, "objective": "multiclass", "num_class": 3, "seed": 1}
rows = lambda count: lightgbm.Dataset(x[:count], y[:count])
trees = lightgbm.train(quiet, rows(500), 30)
trees.save_model(folder / "first.txt")
lightgbm.Booster(model_file=folder / "first.txt").save_model(folder / "saved-again.txt")
lightgbm.train(quiet, rows(600), 30).save_model(folder / "of-more-rows.txt")
lightgbm.train(quiet, rows(600), 5, init_model=trees).save_model(folder / "with-more-trees.txt")
trees.refit(x, y).save_model(folder / "of-other-leaves.txt")
text = (folder / "first.txt").read_text()


def in_tree(text, key, change, is_damaged):
    """The text of a model with the list of that name changed in some trees, and as long as before."""
    lines = text.split("\n")
    tree = -1
    for at, line in enumerate(lines):
        tree += line.startswith("Tree=")
        if line.startswith(f"{key}=") and is_damaged(tree):
            changed = f"{key}=" + " ".join(change(line.removeprefix(f"{key}=").split(" ")))
            assert len(changed) == len(line) and changed != line
            lines[at] = changed
    return "\n".join(lines)


def with_first_moved(values):
    """The first number with another first digit."""
    return [re.sub("[1-9]", lambda digit: str(int(digit[0]) % 9 + 1), values[0], count=1), *values[1:]]


(folder / "damaged.txt").write_text(in_tree(text, "leaf_value", lambda values: values[::-1], lambda tree: tree < 30))

averaged = {**quiet, "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
forest = lightgbm.train(averaged, rows(500), 20)
forest.save_model(folder / "forest.txt")
lightgbm.Booster(model_file=folder / "forest.txt").save_model(folder / "forest-saved-again.txt")
text = (folder / "forest.txt").read_text()
for name, key in {"leaf": "leaf_value", "threshold": "threshold"}.items():
    (folder / f"forest-with-a-damaged-{name}.txt").write_text(in_tree(text, key, with_first_moved, lambda tree: tree == 7))
corrected, labels = x.copy(), y.copy()
corrected[3] = x[400]
labels[5] = (y[5] + 1) % 3
lightgbm.train(averaged, lightgbm.Dataset(corrected[:500], y[:500]), 20).save_model(folder / "forest-of-a-corrected-row.txt")
lightgbm.train(averaged, lightgbm.Dataset(x[:500], labels[:500]), 20).save_model(folder / "forest-of-a-corrected-label.txt")
lightgbm.train(averaged, rows(600), 20).save_model(folder / "forest-of-more-rows.txt")
lightgbm.train({**averaged, "seed": 2}, rows(500), 20).save_model(folder / "forest-of-another-seed.txt")
forest.refit(x, y).save_model(folder / "forest-of-other-leaves.txt")


def with_damage(model):
    text = in_tree(model.booster_.model_to_string(), "leaf_value", with_first_moved, lambda tree: tree == 7)
    model._Booster = lightgbm.Booster(model_str=text)
    return model


def with_moved_leaf(model):
    values = model.get_leaf_values()
    values[3] += 1
    model.set_leaf_values(values)
    return model


cat = lambda: CatBoostClassifier(iterations=20, depth=4, thread_count=1, random_seed=1, verbose=0, allow_writing_files=False)
settings = {"n_estimators": 20, "n_jobs": 1, "verbose": -1}
for name, fresh, damaged in [
    ("lightgbm", lambda: lightgbm.LGBMClassifier(**settings), with_damage),
    ("lightgbm-forest", lambda: lightgbm.LGBMClassifier(boosting_type="rf", subsample=0.5, subsample_freq=1, **settings), with_damage),
    ("catboost", cat, with_moved_leaf),
]:
    model = fresh().fit(x[:500], y[:500])
    again = fresh().fit(x[:500], y[:500])
    for suffix, each in {"": model, "-damaged": damaged(again), "-of-more-rows": fresh().fit(x, y)}.items():
        (folder / f"{name}{suffix}.pkl").write_bytes(pickle.dumps(each))
    joblib.dump(make_pipeline(StandardScaler(), model).fit(x[:500], y[:500]), folder / f"{name}.joblib")
    joblib.dump(make_pipeline(StandardScaler().fit(x * 2), model), folder / f"{name}-behind-another-scaler.joblib")
print(json.dumps(sorted(each.name for each in folder.iterdir())))
