"""Makes small networks of transformers that are served by a `predict.py`, from configurations with a fixed seed: `make_drafted.py FOLDER IMAGE` writes a folder for each, sound.wav, and answers.json with the answers of transformers' pipelines to that sound and to the image."""

import json
import sys
import wave
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import pre_tokenizers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    GenerationConfig,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
    YolosConfig,
    YolosForObjectDetection,
    YolosImageProcessor,
    pipeline,
)


LABELS = ["a cat", "a dog", "the sea"]
RATE, SECONDS = 16_000, 2
WIDE = {"initializer_range": 0.3}
OF_WHISPER = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|translate|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]


def letters():
    return sorted(pre_tokenizers.ByteLevel.alphabet())


def whisper():
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    words = {word: at for at, word in enumerate([*letters(), *OF_WHISPER, *times])}
    tokenizer = WhisperTokenizer(vocab=words, merges=[], additional_special_tokens=OF_WHISPER)
    sizes = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    ids = {"bos_token_id": words["<|endoftext|>"], "eos_token_id": words["<|endoftext|>"], "pad_token_id": words["<|endoftext|>"], "decoder_start_token_id": words["<|startoftranscript|>"]}
    network = WhisperForConditionalGeneration(WhisperConfig(vocab_size=len(words), max_target_positions=64, init_std=0.5, **sizes, **ids))
    # It writes letters, and the times that are asked for.
    others = [at for word, at in words.items() if at < words[times[0]] and not ("a" <= word <= "z" and len(word) == 1)]
    told = {"is_multilingual": False, "no_timestamps_token_id": words["<|notimestamps|>"], "max_length": 24, "suppress_tokens": others, "begin_suppress_tokens": [], **ids}
    network.generation_config = GenerationConfig(**told)
    return network, WhisperProcessor(WhisperFeatureExtractor(), tokenizer)


def clip():
    pieces = [*letters(), *(each + "</w>" for each in letters()), "<|startoftext|>", "<|endoftext|>"]
    words = {word: at for at, word in enumerate(pieces)}
    tokenizer = CLIPTokenizer(vocab=words, merges=[], model_max_length=77)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    text = {**size, "vocab_size": len(words), "eos_token_id": len(words) - 1, "bos_token_id": len(words) - 2}
    network = CLIPModel(CLIPConfig(text_config=text, vision_config={**size, "image_size": 32, "patch_size": 8}, projection_dim=16))
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return network, CLIPProcessor(processor, tokenizer)


def segformer():
    config = SegformerConfig(num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[7, 3], strides=[4, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=16, num_labels=4, **WIDE)
    return SegformerForSemanticSegmentation(config), SegformerImageProcessor(size={"height": 64, "width": 64})


def yolos():
    config = YolosConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=[64, 64], patch_size=16, num_detection_tokens=5, num_labels=3, use_mid_position_embeddings=False, **WIDE)
    network = YolosForObjectDetection(config)
    # Makes the network sure enough of the first class that its detections are reported.
    torch.nn.init.constant_(network.class_labels_classifier.layers[-1].bias[:1], 20.0)
    return network, YolosImageProcessor(size={"height": 64, "width": 64})


def sound(path):
    at = np.arange(RATE * SECONDS) / RATE
    samples = (0.5 * np.sin(2 * np.pi * 440 * at) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return samples.astype("float32") / 32768


def main(out, image):
    torch.manual_seed(7)
    heard, picture = sound(out / "sound.wav"), Image.open(image).convert("RGB")
    for make in (whisper, clip, segformer, yolos):
        network, processor = make()
        network.eval().save_pretrained(out / make.__name__)
        processor.save_pretrained(out / make.__name__)
    run = lambda task, name, **more: pipeline(task, model=str(out / name), **more)
    found = run("image-segmentation", "segformer")(picture)
    answers = {
        "whisper": run("automatic-speech-recognition", "whisper")({"raw": heard, "sampling_rate": RATE}, return_timestamps=True),
        "clip": run("zero-shot-image-classification", "clip")(picture, candidate_labels=LABELS),
        "segformer": [{"label": each["label"], "pixels": int((np.asarray(each["mask"]) > 0).sum())} for each in found],
        "yolos": run("object-detection", "yolos")(picture),
    }
    (out / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
