"""MobileNetV2 for small pictures, made with a fixed seed: `make_keras.py FILE`."""

import sys

import keras

keras.utils.set_random_seed(7)
network = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10, classifier_activation=None)
network.save(sys.argv[1])
