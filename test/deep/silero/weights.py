"""weights.py TORCHSCRIPT SAFETENSORS OUT SOUND: writes the weights of the TorchScript to OUT under the names of the safetensors, and prints the answers of predict.py's network with those of SAFETENSORS."""

import json
import os
import sys
from pathlib import Path

import torch
from predict import Predictor
from safetensors.torch import save_file

NAMES = {
    "stft_conv.weight": "stft.forward_basis_buffer",
    **{f"conv{at + 1}.{part}": f"encoder.{at}.reparam_conv.{part}" for at in range(4) for part in ("weight", "bias")},
    **{f"lstm_cell.{part}": f"decoder.rnn.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    **{f"final_conv.{part}": f"decoder.decoder.2.{part}" for part in ("weight", "bias")},
}

script, tensors, out, sound = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
held = torch.jit.load(str(script), map_location="cpu").state_dict()
save_file({name: held[f"_model.{path}"].clone().contiguous() for name, path in NAMES.items()}, out)
os.chdir(tensors.parent)
network = Predictor()
network.setup()
print(json.dumps(network.predict([sound])))
