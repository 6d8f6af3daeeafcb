from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable

import numpy as np

from ..config import Facts
from ..model import Model
from ..protocols.invocations import KEYS, without_params
from ..protocols.written_as import one_name_of
from ..refusal import Refusal, message_of
from ..serving.bodies import parse_json, value_of
from ..serving.code_answers import code_answer, json_content
from ..serving.streams import Content
from ..values.tensors import Signature, TensorSpec
from .python_model import given
from .data_file import load_data
from .user_code import outputs_of

PLATFORM = "mlflow_folder"

# A body with one of these keys and none of MLflow's is wholly for a language model or an agent, and MLflow's server passes the model's answer on unchanged.
_OF_LANGUAGE = ("messages", "prompt", "input")

# `curl -d` and a browser's `fetch` declare these types for JSON.
_AS_JSON = ("application/x-www-form-urlencoded", "text/plain")


def load(path: str, facts: Facts) -> Model:
    """Uses the loader of the flavour that inspection found: importing mlflow costs 1.8 s of CPU, so only a python_function of the user's does. Does not read MLmodel again."""
    return _python_function(path, facts) if facts.data is None else load_data(path, facts.data, facts)


def _python_function(path: str, facts: Facts) -> Model:
    _disable_tracing()
    import mlflow.pyfunc
    from mlflow.exceptions import MlflowException

    model = mlflow.pyfunc.load_model(path)
    signature = _as_mlflow_takes(facts.signature or Signature((), ()), model)
    is_typed = _is_typed(model)

    def predicted(data: Any, params: dict[str, Any]) -> Any:
        try:
            return model.predict(data, params=params) if params else model.predict(data)
        except MlflowException as error:
            # An input that does not fit the signature is the client's error.
            if error.get_http_status_code() >= 500:
                raise
            raise Refusal(400, message_of(error)) from None

    def with_params(params: dict[str, Any]) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
        def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            data = _as_declared(given(arrays, facts), model)
            return outputs_of(predicted(data.tolist() if is_typed else data, params), signature.outputs)

        return answer

    def invoke(body: bytes, content_type: str, accept: str) -> tuple[Content, str]:
        value, params = _value_and_params(body, content_type)
        answer = predicted(_as_mlflow_reads(value, model, is_typed), params)
        if isinstance(value, dict) and any(key in value for key in _OF_LANGUAGE) and not any(key in value for key in KEYS):
            return json_content(answer)
        return code_answer(answer, accept)

    is_asked_by_mlflow = is_typed or not signature.inputs
    schema = getattr(model.metadata, "get_params_schema", None)
    return Model(
        signature,
        with_params({}),
        facts.takes_columns,
        is_code=True,
        invoke=invoke if is_asked_by_mlflow else None,
        predict_with=with_params if schema and schema() else None,
    )


def _disable_tracing() -> None:
    """Turns off tracing: MLflow would record each answer of an agent in a database in the working folder, and retry for a minute where it cannot write there."""
    try:
        from mlflow.tracing import disable
    except ImportError:
        return
    disable()


def _as_mlflow_takes(signature: Signature, model: Any) -> Signature:
    """The signature as MLflow reads columns: a missing text goes to the function as None, a missing boolean counts as false, and a whole number counts as the nanoseconds of a time."""
    schema = model.metadata.get_input_schema()
    times = [] if schema is None else [each.name for each in schema.inputs if str(each.type) == "DataType.datetime"]

    def taken(spec: TensorSpec) -> TensorSpec:
        is_column = spec.shape == (-1,)
        return replace(spec, takes_null=is_column and spec.datatype in ("BYTES", "BOOL"), is_time=is_column and spec.name in times)

    inferred = (replace(spec, is_inferred=True) for spec in signature.outputs)
    return Signature(tuple(map(taken, signature.inputs)), tuple(inferred))


def _as_declared(data: Any, model: Any) -> Any:
    """A table with its columns of times and bytes, which are texts in a request, as MLflow's own server makes them."""
    schema = model.metadata.get_input_schema()
    if schema is None or not hasattr(data, "columns"):
        return data
    from mlflow.exceptions import MlflowException
    from mlflow.utils.proto_json_utils import cast_df_types_according_to_schema

    try:
        return cast_df_types_according_to_schema(data, schema)
    except MlflowException as error:
        raise Refusal(400, message_of(error)) from None


def _is_typed(model: Any) -> bool:
    """Whether MLflow made the signature from type hints: the function then takes those types, and no array or table."""
    said = getattr(model.metadata, "_is_signature_from_type_hint", None)
    return bool(said and said())


def _value_and_params(body: bytes, content_type: str) -> tuple[Any, dict[str, Any]]:
    """The value to predict: the body's JSON, without the `params` that MLflow's clients send beside one of its keys, or a CSV table."""
    essence = one_name_of(content_type.split(";")[0].strip().lower())
    if not essence.endswith("json") and essence not in _AS_JSON:
        return value_of(body, content_type), {}
    return without_params(parse_json(body))


def _as_mlflow_reads(value: Any, model: Any, is_typed: bool) -> Any:
    """The value that MLflow's own server would pass on: tables and arrays from its four keys, and any other body unchanged. A function with type hints takes a list of all rows."""
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    key = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
    if is_typed:
        data = value[key] if key in KEYS else value
        return data if isinstance(data, list) else [data]
    if key not in KEYS:
        return value
    try:
        return infer_and_parse_data(value, model.metadata.get_input_schema())
    except MlflowException as error:
        raise Refusal(400, message_of(error)) from None
