"""Texts on which networks are compared where answers may differ a little: texts such as people write, some good and some bad news, in several languages, of 2 to 120 words."""

from __future__ import annotations

from itertools import islice, product

_WHO = (
    "Ada Lovelace", "My neighbour in Berlin", "The new manager of the hotel", "Nobody at the counter", "Our team", "The company Acme Ltd.",
    "The doctor", "A customer from São Paulo", "Each of the pupils", "The minister of finance",
)
_DID = (
    "was delighted with", "did not understand", "has just cancelled", "would like to order", "wrote a long letter about", "lost 3,500 € because of",
    "is still waiting for", "recommends", "was terribly disappointed by", "repaired",
)
_WHAT = (
    "the late train to Paris.", "this wonderful film!", "a programme for the analytical engine", "the food, which was cold and far too salty.",
    "an operation on the left knee on 12 May 2021?", "the report that was published by the United Nations last week.",
)
_WHOLE = (
    "Yes.", "Terrible!!", "What is the capital of Australia?", "SELECT name FROM users WHERE id = 7;", "今日は天気がいいですね。", "Это лучшая книга, которую я читал.",
    "Der Zug nach Köln fährt heute erst um 17:45 Uhr ab.", "La comida estaba fría y el camarero no nos hizo caso.", "https://example.com/a?b=c 😀",
)
_COUNT = 200
_LONG_EVERY = 25
_LONG_PARTS = 8


def golden_texts() -> list[str]:
    """Two hundred, always the same."""
    # Steps that share no divisor with the number of all sentences visit each sentence once, in a mixed order.
    every = [" ".join(parts) for parts in product(_WHO, _DID, _WHAT)]
    mixed = [every[at * 7 % len(every)] for at in range(len(every))]
    long = [" ".join(mixed[at : at + _LONG_PARTS]) for at in range(0, len(mixed), _LONG_EVERY)]
    texts = [*_WHOLE, *long, *islice(mixed, _COUNT)]
    return texts[:_COUNT]
