"""The network that the package has in tinygrad, in torch, over its safetensors: 512 samples of sound at 16 kHz, and how likely somebody speaks in them."""

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

CONTEXT = 64


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 258, 256, stride=128, bias=False)
        self.conv1, self.conv2 = nn.Conv1d(129, 128, 3, padding=1), nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3, self.conv4 = nn.Conv1d(64, 64, 3, stride=2, padding=1), nn.Conv1d(64, 128, 3, padding=1)
        self.lstm_cell = nn.LSTMCell(128, 128)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def forward(self, sound):
        spectrum = self.stft_conv(functional.pad(sound, (0, 64), "reflect").unsqueeze(1))
        inner = (spectrum[:, :129] ** 2 + spectrum[:, 129:] ** 2).sqrt()
        for each in (self.conv1, self.conv2, self.conv3, self.conv4):
            inner = functional.relu(each(inner))
        hidden, _ = self.lstm_cell(inner.squeeze(-1))
        return torch.sigmoid(self.final_conv(functional.relu(hidden.unsqueeze(-1)))).squeeze(1)


class Predictor:
    def setup(self):
        self.net = Net().eval()
        self.net.load_state_dict(load_file("silero_vad_16k.safetensors"))

    def predict(self, inputs):
        """The first of a sound: nothing was heard before it."""
        sound = functional.pad(torch.tensor(inputs, dtype=torch.float32), (CONTEXT, 0))
        with torch.inference_mode():
            return self.net(sound).tolist()
