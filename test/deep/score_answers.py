"""Scores answers by Slipway's engine for transformers, and by torch alone, token by token: `score_answers.py FOLDER` reads the networks of make_networks.py, and prints both as JSON."""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

sys.path.insert(0, str(Path(__file__).parents[2] / "runtimes" / "python"))
from slipway_server.config import LanguageServing
from slipway_server.language.scoring import Scored
from slipway_server.language.transformers_engine import TransformersEngine

SERVING = LanguageServing("generate", context_tokens=256, requests_at_once=1, has_chat_template=True)
OTHER = " dog sat on a mat"
MESSAGES = [{"role": "user", "content": "the cat"}]
# In the words of the networks' template.
WRITTEN = "user: the cat\nassistant:"
# The server counts a token that is less likely than this as this likely.
LEAST = -20.0


def main(folder: Path) -> None:
    answers = json.loads((folder / "answers.json").read_text())
    print(json.dumps({name: list(scores(folder / name, **each)) for name, each in answers.items()}))


def scores(path: Path, prompt: str, text: str, **_):
    is_pair = path.name == "t5"
    network = (AutoModelForSeq2SeqLM if is_pair else AutoModelForCausalLM).from_pretrained(path).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    engine = TransformersEngine(network, tokenizer, SERVING)
    asked = [(prompt, prompt, text), (prompt, prompt, OTHER)]
    if tokenizer.chat_template:
        asked.append((MESSAGES, WRITTEN, OTHER))
    for given, written, answer in asked:
        yield {"engine": engine.score(Scored(given, answer)).json(), "rendered": engine.render(given), "read": tokenizer(written, add_special_tokens=False)["input_ids"], "torch": alone(network, tokenizer, written, answer, is_pair)}


def alone(network, tokenizer, prompt, answer, is_pair):
    """Each token by a pass over those before it alone, without the engine's one pass over all."""
    given, said = (tokenizer(each, add_special_tokens=False)["input_ids"] for each in (prompt, answer))
    total = 0.0
    for at, token in enumerate(said):
        with torch.inference_mode():
            if is_pair:
                begun = [network.config.decoder_start_token_id, *said[:at]]
                logits = network(input_ids=torch.tensor([given]), decoder_input_ids=torch.tensor([begun])).logits
            else:
                logits = network(input_ids=torch.tensor([given + said[:at]])).logits
        likely = torch.distributions.Categorical(logits=logits[0, -1].double())
        total += max(LEAST, float(likely.log_prob(torch.tensor(token))))
    return {"logprob": total, "tokens": len(said), "prompt_tokens": len(given)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
