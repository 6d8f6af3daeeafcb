# /// script
# dependencies = ["onnxruntime-genai", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import onnxruntime_genai as genai

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = genai.Model(FILE)
        self.tokenizer = genai.Tokenizer(self.model)

    def predict(self, inputs, tokens=128):
        given = self.tokenizer.encode(inputs)
        asked = genai.GeneratorParams(self.model)
        asked.set_search_options(max_length=len(given) + tokens)
        generator = genai.Generator(self.model, asked)
        generator.append_tokens(given)
        while not generator.is_done():
            generator.generate_next_token()
        return self.tokenizer.decode(generator.get_sequence(0)[len(given) :])
