"""Sends a case's requests to a server, and reports the answers that differ from the framework's."""

from __future__ import annotations

import json
import pickle
import sys
import urllib.error
import urllib.request
from typing import Any

from .bodies import Body, bodies_of, shown, single
from .compare import outputs_of, spreads_of, wrong_rows
from .questions import Question

# Says a model of code whose framework refuses: a server cannot know an error of inputs from one of the code.
_OF_CODE = "the model's code failed: "
# Rows of one refused question that are asked alone.
_ALONE = 30


def main() -> None:
    """Reads lines of {case, url, model}, and answers each with a line of findings."""
    for line in sys.stdin:
        order = json.loads(line)
        with open(order["case"], "rb") as file:
            questions: list[Question] = pickle.load(file)
        print(json.dumps(asked(questions, order["url"], order["model"])), flush=True)


def asked(questions: list[Question], url: str, model: str) -> dict[str, Any]:
    """How many rows were asked in all shapes, and by kind of fault a line for each shape and question."""
    told: dict[str, Any] = {"rows": 0, "wrong": [], "refusedThoughRight": [], "answeredThoughRefused": []}
    spreads = spreads_of(questions[0].answers) if questions and questions[0].answers else {}
    declared = _declared(url, model)
    for question in questions:
        for body in bodies_of(question.rows, declared):
            told["rows"] += len(question.rows)
            _look(question, body, (url, model), spreads, told, declared)
    return told


def _declared(url: str, model: str) -> dict[str, str]:
    """The datatype of each input in the model's own metadata."""
    with urllib.request.urlopen(f"{url}/models/{model}/v2/models/{model}", timeout=60) as answer:
        return {each["name"]: each["datatype"] for each in json.load(answer).get("inputs", [])}


def _look(question: Question, body: Body, to: tuple[str, str], spreads: dict[str, float], told: dict[str, Any], declared: dict[str, str]) -> None:
    where = f"{question.what}, as {body.shape}"
    status, said = post(to, body)
    if question.answers is None:
        if status == 200:
            told["answeredThoughRefused"].append(f"{where}: {shown(question.rows, 0)} is answered {_brief(said)}; the framework: {(question.error or '')[:120]}")
        elif status != 400 and _OF_CODE not in str(said):
            told["wrong"].append(f"{where}: {status} {_brief(said)}")
        return
    if status == 200:
        wrong = wrong_rows(outputs_of(said, question.answers), question.answers, spreads, question.what == "own rows")
        if wrong:
            at, how = wrong[0]
            rows = len({at for at, _ in wrong})
            told["wrong"].append(f"{where}: {rows} of {len(question.rows)} rows, {shown(question.rows, at)}: {how}")
    elif status == 400:
        _look_alone(question, body.shape, to, spreads, told, _brief(said), declared)
    else:
        told["wrong"].append(f"{where}: {status} {_brief(said)}")


def _look_alone(question: Question, shape: str, to: tuple[str, str], spreads: dict[str, float], told: dict[str, Any], said_of_all: str, declared: dict[str, str]) -> None:
    """A request is refused for one of its rows; which ones, and whether the others are right, shows each row alone."""
    refused, wrong = [], []
    for at in range(0, len(question.rows), -(-len(question.rows) // _ALONE)):
        body = next(each for each in bodies_of(single(question.rows, at), declared) if each.shape == shape)
        status, said = post(to, body)
        wanted = {name: values[at : at + 1] for name, values in question.answers.items()}
        if status == 400:
            refused.append((at, _brief(said)))
        elif status != 200:
            wrong.append((at, f"{status} {_brief(said)}"))
        else:
            wrong.extend((at, how) for _, how in wrong_rows(outputs_of(said, wanted), wanted, spreads, question.what == "own rows"))
    where = f"{question.what}, as {shape}"
    if wrong:
        at, how = wrong[0]
        told["wrong"].append(f"{where}: {len({at for at, _ in wrong})} rows, each alone, {shown(question.rows, at)}: {how}")
    at, why = refused[0] if refused else (0, f"none alone; all together: {said_of_all}")
    told["refusedThoughRight"].append(f"{where}: {len(refused)} of {len(question.rows)} rows, {shown(question.rows, at)}: {why}")


def post(to: tuple[str, str], body: Body) -> tuple[int, Any]:
    url, model = to
    request = urllib.request.Request(
        f"{url}/models/{model}/{body.path.replace('MODEL', model)}",
        data=body.text.encode(),
        headers={"content-type": body.content_type},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        return error.code, text


def _brief(said: Any) -> str:
    return (said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))[:220]


if __name__ == "__main__":
    main()
