"""Trains a module by PyTorch Lightning, and writes to the folder given its checkpoint and its class; prints {inputs, outputs}."""

import json
import os
import sys

import lightning
import torch

CODE = """import lightning as L
import torch


class Net(L.LightningModule):
    def __init__(self, width=4):
        super().__init__()
        self.save_hyperparameters()
        layers = [torch.nn.Linear(width, 8), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(8, 2)]
        self.net = torch.nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, _):
        x, y = batch
        return torch.nn.functional.mse_loss(self(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)
"""

folder = sys.argv[1]
with open(os.path.join(folder, "model.py"), "w", encoding="utf-8") as file:
    file.write(CODE)
sys.dont_write_bytecode = True
sys.path.insert(0, folder)
from model import Net  # noqa: E402

torch.manual_seed(1)
x = torch.randn(32, 4)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x[:, :2] * 2), batch_size=8)
quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", **quiet)
net = Net(4)
trainer.fit(net, data)
trainer.save_checkpoint(os.path.join(folder, "model.ckpt"))
with torch.inference_mode():
    print(json.dumps({"inputs": x[:3].tolist(), "outputs": net.eval()(x[:3]).tolist()}))
