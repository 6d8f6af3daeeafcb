# /// script
# dependencies = ["peft", "transformers", "torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

FILE = "PATH"


class Predictor:
    def setup(self):
        # Put the folder of the base model beside this file, under the name `base`: nothing is downloaded.
        base = AutoModelForCausalLM.from_pretrained("base")
        self.model = PeftModel.from_pretrained(base, FILE).eval()
        self.tokenizer = AutoTokenizer.from_pretrained("base")

    def predict(self, inputs):
        tokens = self.tokenizer(inputs, return_tensors="pt")
        with torch.inference_mode():
            made = self.model.generate(**tokens, max_new_tokens=128)
        return self.tokenizer.decode(made[0][tokens["input_ids"].shape[1] :], skip_special_tokens=True)
