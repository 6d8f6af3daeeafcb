from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Mapping

from .capture.capture import CaptureConfig, read_capture
from .values.tensors import Signature, signature_of
from .walls import brings_of
from .worded import worded


@dataclass(frozen=True)
class Data:
    """The model's file, by its path in the folder; `model_class` is the class to load it into, if the artifact names one."""

    file: str
    format: str
    model_class: str | None


@dataclass(frozen=True)
class LanguageServing:
    """How a language model is served: whether it generates or embeds, how many tokens a request and its answer may have together, how many requests are answered side by side, and whether its answers end at a token that texts have too."""

    task: str
    context_tokens: int
    requests_at_once: int
    has_chat_template: bool
    ends_by_text: bool = False


@dataclass(frozen=True)
class SentenceModule:
    """A module of sentence-transformers that a pooled vector goes through, by the name of its class; `path` is its folder, and `activation` and `is_residual` are properties of a Dense."""

    kind: str
    path: str = ""
    activation: str | None = None
    is_residual: bool = False


@dataclass(frozen=True)
class Pipeline:
    """The purpose of a Hugging Face folder, in the names of its pipelines. `pooling` and `normalizes` are sentence-transformers', and so are: `modules`, which come between these two; `prompt`, which goes before each text; `lowers`, for texts in small letters; `activation`, which a cross encoder applies to its scores; and `dimensions`, how many numbers of a vector are kept."""

    task: str
    max_tokens: int | None
    pooling: str | None
    normalizes: bool
    architecture: str = ""
    prompt: str = ""
    lowers: bool = False
    activation: str | None = None
    dimensions: int | None = None
    modules: tuple[SentenceModule, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class TensorNames:
    """The names of the signature's tensors in the model's file, in the order of the signature."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """The facts that inspection found in the model's bytes; the server relies on nothing else. The format selects the adapter, `brings` says whether the owner's own code comes with the model ("code") or not ("data"), and the rest may be None."""

    format: str
    entrypoint: str | None
    signature: Signature | None
    takes_columns: bool
    example: dict[str, Any] | None
    data: Data | None = None
    allowed: tuple[str, ...] = ()
    language: LanguageServing | None = None
    tensor_names: TensorNames | None = None
    pipeline: Pipeline | None = None
    needs_gpu: bool = False
    brings: str = "data"

    @property
    def takes_texts(self) -> bool:
        """Whether the model answers texts by a network that generates none, according to its Hugging Face folder."""
        return self.pipeline is not None and self.language is None and self.pipeline.task != "image-classification"

    @property
    def embeds(self) -> bool:
        """Whether the model makes a vector of each text, according to its Hugging Face folder."""
        return self.pipeline is not None and self.language is None and self.pipeline.task == "feature-extraction"

    @property
    def ranks(self) -> bool:
        """Whether the model scores how well two texts match, according to its Hugging Face folder: with a single label."""
        return self.pipeline is not None and self.pipeline.task == "text-classification" and len(self.pipeline.labels) == 1


@dataclass(frozen=True)
class Cors:
    """The origins of the pages that may read answers, and the headers that they may read."""

    origins: tuple[str, ...] = ()
    exposed_headers: str = ""


@dataclass(frozen=True)
class Config:
    """The server's configuration. `port` 0 means any free port; `version` and `revision` are empty when not given. `drain_seconds` is how long the server may take to finish its requests after a signal to end; `extra_columns` says how to treat columns beyond the model's own; `batch_rows` is how many rows of waiting requests may be answered in one run, 1 where each request is answered alone; `mlflow_version` is of the MLflow that wrote the model, empty for other models; `example` is a request that the model answers, with its protocol and body, None where none is known; `aliases` are further names by which OpenAI's API may ask for the model; `deployment` is the one that made the revision, empty outside an account; `capture` says which requests are kept, None where none is."""

    model_path: str
    facts: Facts
    name: str
    version: str
    host: str
    port: int
    revision: str
    max_body_bytes: int
    drain_seconds: int
    extra_columns: str
    mlflow_version: str
    aliases: tuple[str, ...] = ()
    example: dict[str, Any] | None = None
    deployment: str = ""
    cors: Cors = Cors()
    capture: CaptureConfig | None = None
    batch_rows: int = 1


def read_config(env: Mapping[str, str]) -> Config:
    """Raises ValueError with one line that names the variable, its value and the accepted values."""
    return Config(
        model_path=required(env, "MODEL_PATH"),
        name=path_segment("MODEL_NAME", required(env, "MODEL_NAME")),
        version=path_segment("MODEL_VERSION", env.get("MODEL_VERSION", "")),
        facts=read_facts(required(env, "MODEL_FACTS")),
        host=env.get("HOST") or "127.0.0.1",
        port=integer("PORT", env.get("PORT") or "8080", 0, 65_535),
        revision=header_value("SLIPWAY_REVISION", env.get("SLIPWAY_REVISION", "")),
        # 10 MiB, the most that API Gateway passes on; Lambda's limit is lower, and Lambda enforces it.
        max_body_bytes=integer("MAX_BODY_BYTES", env.get("MAX_BODY_BYTES") or "10485760", 1, 2**29),
        drain_seconds=integer("DRAIN_SECONDS", env.get("DRAIN_SECONDS") or "10", 1, 900),
        extra_columns=_extra_columns(env.get("EXTRA_COLUMNS") or "ignore"),
        mlflow_version=path_segment("MLFLOW_VERSION", env.get("MLFLOW_VERSION", "")),
        aliases=_aliases(env.get("MODEL_ALIASES", ""), required(env, "MODEL_NAME")),
        example=_example(env.get("MODEL_EXAMPLE", "")),
        deployment=header_value("SLIPWAY_DEPLOYMENT", env.get("SLIPWAY_DEPLOYMENT", "")),
        cors=Cors(
            origins=tuple(filter(None, env.get("CORS_ORIGINS", "").split(","))),
            exposed_headers=header_value("CORS_EXPOSED_HEADERS", env.get("CORS_EXPOSED_HEADERS", "")),
        ),
        capture=read_capture(env.get("CAPTURE", "")),
        batch_rows=integer("BATCH_ROWS", env.get("BATCH_ROWS") or "1", 1, 64),
    )


def _example(value: str) -> dict[str, Any] | None:
    try:
        found = json.loads(value) if value else None
    except ValueError:
        found = value
    if found is None or (isinstance(found, dict) and {"protocol", "body"} <= found.keys()):
        return found
    raise ValueError(worded("exampleTakes", value))


def read_facts(path: str) -> Facts:
    """Reads the JSON file that src/domain/build/order.ts describes as ServedFacts. Raises ValueError for any other."""
    try:
        with open(path, encoding="utf-8") as file:
            return facts_of(json.load(file))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f'MODEL_FACTS is "{path}", which is not a JSON file with the facts of a model: {error}') from error


def facts_of(facts: Mapping[str, Any]) -> Facts:
    return Facts(
        format=facts["format"],
        entrypoint=facts.get("entrypoint"),
        signature=signature_of(facts["signature"]) if facts.get("signature") else None,
        takes_columns=bool(facts.get("takesColumns")),
        example=facts.get("example"),
        data=_data_of(facts.get("data")),
        allowed=tuple(facts.get("allowed") or ()),
        language=_language_of(facts.get("language")),
        tensor_names=_names_of(facts.get("tensorNames")),
        pipeline=_pipeline_of(facts.get("pipeline")),
        needs_gpu=bool(facts.get("needsGpu")),
        brings=brings_of(facts),
    )


def _data_of(data: Any) -> Data | None:
    return None if data is None else Data(data["file"], data["format"], data.get("modelClass"))


def _names_of(said: Any) -> TensorNames | None:
    return None if said is None else TensorNames(tuple(said["inputs"]), tuple(said["outputs"]))


def _pipeline_of(said: Any) -> Pipeline | None:
    if said is None:
        return None
    own = {name: said[name] for name in ("prompt", "lowers", "activation", "dimensions") if said.get(name)}
    modules = tuple(SentenceModule(each["kind"], each.get("path", ""), each.get("activation"), bool(each.get("isResidual"))) for each in said.get("modules", ()))
    labels = tuple(said.get("labels", ()))
    return Pipeline(said["task"], said["maxTokens"], said["pooling"], bool(said["normalizes"]), said["architecture"], modules=modules, labels=labels, **own)


def _language_of(said: Any) -> LanguageServing | None:
    if said is None:
        return None
    return LanguageServing(said["task"], int(said["contextTokens"]), int(said["requestsAtOnce"]), bool(said["hasChatTemplate"]), bool(said.get("endsByText")))


def required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name)
    if not value:
        raise ValueError(worded("notSet", name))
    return value


def path_segment(name: str, value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.-]*", value):
        return value
    raise ValueError(worded("nameOfLetters", name, value))


def header_value(name: str, value: str) -> str:
    if re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value):
        return value
    raise ValueError(worded("notInHeader", name))


def _extra_columns(value: str) -> str:
    if value in ("ignore", "refuse"):
        return value
    raise ValueError(worded("extraColumnsTakes", value))


def _aliases(value: str, own: str) -> tuple[str, ...]:
    """The aliases, each once, and without the model's own name."""
    names = dict.fromkeys(value.split(",")) if value else {}
    if all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*", each) for each in names):
        return tuple(each for each in names if each != own)
    raise ValueError(worded("aliasesTake", value))


def integer(name: str, value: str, least: int, most: int) -> int:
    if re.fullmatch(r"[0-9]+", value) and least <= int(value) <= most:
        return int(value)
    raise ValueError(worded("wholeNumberFrom", name, value, least, most))
