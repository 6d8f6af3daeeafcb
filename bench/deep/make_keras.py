"""MobileNetV2 for small pictures, made with a fixed seed: `make_keras.py FILE`."""

import sys

import keras
import numpy as np

keras.utils.set_random_seed(7)
network = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10, classifier_activation=None)
# Without the mean values of some pictures its answers are almost 0.
for layer in network.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.momentum = 0.0
network(np.random.default_rng(7).random((16, 96, 96, 3), dtype=np.float32), training=True)
network.save(sys.argv[1])
