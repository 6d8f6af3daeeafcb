"""Makes small networks of transformers over images, from configurations with a fixed seed: `make_image_networks.py FOLDER IMAGES` writes a folder for each, and answers.json with the answers of transformers' pipeline to the files in IMAGES."""

import json
import sys
from pathlib import Path

import torch
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    BeitConfig,
    BeitForImageClassification,
    ConvNextConfig,
    ConvNextForImageClassification,
    Dinov2Config,
    Dinov2ForImageClassification,
    EfficientNetConfig,
    EfficientNetForImageClassification,
    MobileNetV2Config,
    MobileNetV2ForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    SiglipConfig,
    SiglipForImageClassification,
    SwinConfig,
    SwinForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    pipeline,
)

FILES = ["wide.jpg", "gray.jpg", "turned.jpg", "rgb.png", "clear.png", "palette.png", "lossy.webp"]
LABELS = {"id2label": {at: f"kind {at}" for at in range(8)}, "label2id": {f"kind {at}": at for at in range(8)}}
WIDE = {"initializer_range": 0.3}


def aside(kind, config):
    """A network whose random weights do not change those of networks made after it."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return kind(config)


def networks():
    vit = ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=48, patch_size=8, **LABELS, **WIDE)
    yield "vit", ViTForImageClassification(vit), {"image_processor_type": "ViTImageProcessor", "size": {"height": 48, "width": 48}}
    resnet = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], layer_type="basic", **LABELS)
    yield "resnet", ResNetForImageClassification(resnet), {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 64}, "crop_pct": 0.875}
    # 384 x 384 pixels, as wide as the smallest in use: the memory of a run is compared with the expected memory.
    convnext = ConvNextConfig(hidden_sizes=[96, 192], depths=[1, 1], num_stages=2, image_size=64, **LABELS, **WIDE)
    yield "convnext", ConvNextForImageClassification(convnext), {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "resample": 3}
    swin = SwinConfig(embed_dim=16, depths=[1, 1], num_heads=[2, 4], window_size=4, image_size=64, patch_size=4, **LABELS, **WIDE)
    yield "swin", SwinForImageClassification(swin), {"image_processor_type": "ViTImageProcessor", "size": {"height": 64, "width": 64}, "resample": 3}
    mobile = MobileNetV2Config(depth_multiplier=0.35, image_size=96, **LABELS)
    yield "mobilenet", MobileNetV2ForImageClassification(mobile), {"image_processor_type": "MobileNetV2ImageProcessor", "size": {"shortest_edge": 112}, "crop_size": {"height": 96, "width": 96}}
    siglip = SiglipConfig(vision_config={"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "image_size": 48, "patch_size": 8}, **LABELS)
    yield "siglip", aside(SiglipForImageClassification, siglip), {"image_processor_type": "SiglipImageProcessor", "size": {"height": 48, "width": 48}, "resample": 3, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    # Its positions are of 37 x 37 patches, which are made fewer for an image of 224.
    dino = Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, mlp_ratio=2, image_size=518, patch_size=14, **LABELS, **WIDE)
    mean = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    yield "dinov2", aside(Dinov2ForImageClassification, dino), {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}, "resample": 3, "do_convert_rgb": True, **mean}
    efficient = EfficientNetConfig(width_coefficient=0.25, depth_coefficient=0.25, image_size=64, hidden_dim=320, initializer_range=0.14, **LABELS)
    yield "efficientnet", aside(EfficientNetForImageClassification, efficient), {"image_processor_type": "EfficientNetImageProcessor", "size": {"height": 64, "width": 64}, "include_top": True, "rescale_offset": False, "resample": 0, **mean}
    beit = BeitConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=48, patch_size=8, **LABELS, **WIDE)
    yield "beit", aside(BeitForImageClassification, beit), {"image_processor_type": "BeitImageProcessor", "size": {"height": 48, "width": 48}, "do_center_crop": False, "resample": 2}
    # Prepared as no other: it is cut before it is resized.
    perceiver = {"image_processor_type": "PerceiverImageProcessor", "size": {"height": 48, "width": 48}, "crop_size": {"height": 56, "width": 56}}
    yield "otherwise", ViTForImageClassification(vit), perceiver


def settled(network):
    """The network with its norms set by a batch; with other numbers it would soon find every image the same."""
    norms = [each for each in network.modules() if isinstance(each, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    if norms:
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(7)
            network.train()(pixel_values=torch.randn(8, 3, 96, 96))
    return network.eval()


def saved(out):
    """The folders, by their names."""
    torch.manual_seed(7)
    for name, network, processor in networks():
        folder = out / name
        settled(network).save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
        yield name, folder


def answered(folder, images):
    network = AutoModelForImageClassification.from_pretrained(folder)
    run = pipeline("image-classification", model=network, image_processor=AutoImageProcessor.from_pretrained(folder, backend="pil"), device="cpu")
    return {file: run(str(images / file)) for file in FILES}


def main(out, images):
    answers = {name: answered(folder, images) for name, folder in saved(out)}
    (out / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
