# /// script
# dependencies = ["ctranslate2", "transformers", "sentencepiece", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import ctranslate2
from transformers import AutoTokenizer

FILE = "PATH"


class Predictor:
    def setup(self):
        # Put the tokenizer of the model that it was converted from into its folder. This is for translation: use ctranslate2.Generator for a language model, and WhisperModel of faster-whisper for Whisper.
        self.model = ctranslate2.Translator(FILE)
        self.tokenizer = AutoTokenizer.from_pretrained(FILE)

    def predict(self, texts):
        ids = [self.tokenizer.encode(text) for text in texts]
        found = self.model.translate_batch([self.tokenizer.convert_ids_to_tokens(each) for each in ids])
        made = [self.tokenizer.convert_tokens_to_ids(each.hypotheses[0]) for each in found]
        return self.tokenizer.batch_decode(made, skip_special_tokens=True)
