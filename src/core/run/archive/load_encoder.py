#!/usr/bin/env python3
"""Loads an encoder that was pre-trained by SimCLR Lab, and uses it.

    pip install torch torchvision safetensors pillow      (and timm, for Inception-ResNet-v2)
    python load_encoder.py image.png [more images]

or, from Python:

    from load_encoder import load, features, predict
    h = features(["a.png", "b.png"])     # tensor [2, features]
    p = predict(["a.png", "b.png"])      # tensor [2, classes], probabilities

run.json and encoder.safetensors must lie beside this file; for predict also
fine_tuned.safetensors (encoder and classifier trained on labels) or
classifier.safetensors (a linear classifier on the encoder's features). Where
both are there, predict takes the fine-tuned network. Images are RGB in [0, 1]; published
networks (ResNet-50 and larger, and whatever started from ImageNet weights) then take
their own mean and standard deviation: this is what the encoder was trained on.
"""

import functools
import json
import sys
from pathlib import Path

import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import nn

HERE = Path(__file__).resolve().parent
RUN = json.loads((HERE / "run.json").read_text(encoding="utf-8"))
CONFIG = RUN["config"]
CLASSES = RUN["data"]["classes"]


def convolution(channels_in, channels_out, kernel, stride=1):
    return nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)


class ConvNet4(nn.Module):
    """Four 3x3 convolutions with batch normalisation and ReLU, then the mean."""

    def __init__(self, width):
        super().__init__()
        channels = [3, width, 2 * width, 4 * width, 8 * width]
        for i in range(4):
            stride = 1 if i == 0 else 2
            setattr(self, f"conv{i + 1}", convolution(channels[i], channels[i + 1], 3, stride))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(channels[i + 1]))

    def forward(self, x):
        for i in "1234":
            x = torch.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        return x.mean((2, 3))


class BasicBlock(nn.Module):
    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.conv1 = convolution(channels_in, channels_out, 3, stride)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = convolution(channels_out, channels_out, 3)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                convolution(channels_in, channels_out, 1, stride), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """torchvision's ResNet of basic blocks without its classifier, of any width."""

    def __init__(self, blocks, width, small_stem):
        super().__init__()
        self.conv1 = convolution(3, width, 3) if small_stem else convolution(3, width, 7, 2)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.Identity() if small_stem else nn.MaxPool2d(3, 2, 1)
        channels = width
        for stage in range(4):
            layers = []
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(BasicBlock(channels, width << stage, stride))
                channels = width << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean((2, 3))


def published():
    """Whether the network takes its input as published ImageNet weights want it."""
    encoder = CONFIG["encoder"]
    start = encoder.get("start", "Random")
    if start not in ("Random", "ImageNet"):
        raise SystemExit(f"run.json names a start that this file does not know: {start}")
    large = ("ResNet50", "ResNet101", "Vgg19", "InceptionResNetV2")
    return start == "ImageNet" or encoder["architecture"] in large


def build():
    """The network of run.json, with random weights."""
    encoder = CONFIG["encoder"]
    if encoder["architecture"] in ("ResNet50", "ResNet101"):
        from torchvision import models

        model = getattr(models, encoder["architecture"].lower())(weights=None)
        model.fc = nn.Identity()
        return model
    if encoder["architecture"] == "Vgg19":
        from torchvision.models import vgg19

        model = vgg19(weights=None)
        model.avgpool, model.classifier = nn.AdaptiveAvgPool2d(1), nn.Identity()
        return model
    if encoder["architecture"] == "InceptionResNetV2":
        import timm

        return timm.create_model("inception_resnet_v2", pretrained=False, num_classes=0)
    architecture, stem, width = encoder["architecture"], encoder["stem"], encoder["width"]
    if stem not in ("Small", "ImageNet"):
        raise SystemExit(f"run.json names a stem that this file does not know: {stem}")
    if architecture == "ConvNet4":
        return ConvNet4(width)
    if architecture == "ResNet18" and stem == "ImageNet" and width == 64:
        # This one is torchvision's own.
        from torchvision.models import resnet18

        model = resnet18(weights=None)
        model.fc = nn.Identity()
        return model
    if architecture in ("ResNet10", "ResNet18"):
        return ResNet(1 if architecture == "ResNet10" else 2, width, stem == "Small")
    raise SystemExit(f"run.json names a network that this file does not know: {architecture}")


@functools.lru_cache(maxsize=1)
def load():
    """The encoder with its trained weights, in evaluation mode."""
    return with_weights(load_file(HERE / "encoder.safetensors"))


def with_weights(state):
    """The network of run.json with these weights, in evaluation mode."""
    model = build()
    # PyTorch counts batches in each normalisation layer; nothing here uses that.
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state.setdefault(name, value)
    model.load_state_dict(state, strict=True)
    return model.eval()


class HeadLayer(nn.Module):
    """The first layer of the projection head, on which SimCLR v2 fine-tunes: linear, perhaps batch norm, ReLU."""

    def __init__(self, state):
        super().__init__()
        outputs, inputs = state["layers.0.weight"].shape
        normalised = "norms.0.weight" in state
        self.layers = nn.ModuleList([nn.Linear(inputs, outputs, bias="layers.0.bias" in state)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(outputs)] if normalised else [])
        if normalised:
            state["norms.0.num_batches_tracked"] = torch.tensor(0)
        self.load_state_dict(state, strict=True)

    def forward(self, h):
        for module in [*self.layers, *self.norms]:
            h = module(h)
        return torch.relu(h)


@functools.lru_cache(maxsize=1)
def load_classifier():
    """The encoder to predict with and its linear layer, or None where the export holds no classifier."""
    fine_tuned, path = HERE / "fine_tuned.safetensors", HERE / "classifier.safetensors"
    if fine_tuned.exists():
        state = load_file(fine_tuned)
        head = {name[5:]: state.pop(name) for name in list(state) if name.startswith("head.")}
        fc = {name: state.pop(name) for name in list(state) if name.startswith("fc.")}
        model = with_weights(state)
        return nn.Sequential(model, HeadLayer(head)).eval() if head else model, linear(fc)
    if path.exists():
        return load(), linear(load_file(path))
    return None


def linear(state):
    """fc.weight [classes, features] and fc.bias as a layer."""
    state = {name.split(".")[-1]: value for name, value in state.items()}
    outputs, inputs = state["weight"].shape
    layer = nn.Linear(inputs, outputs)
    layer.load_state_dict(state, strict=True)
    return layer.eval()


def read_image(path):
    """An image file as the page reads it and the network takes it: [3, S, S].

    Turned as its EXIF data says, transparency over white, the middle square,
    shrunk so that every pixel counts (Pillow's BILINEAR). Pillow rounds between
    its two passes, so that values can differ from the page's by 1/255.
    """
    size = CONFIG["image_size"]
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):
        # 16-bit grey.
        image = image.convert("I").point(lambda v: v * (1 / 257)).convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    width, height = image.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    values = pixels.view(size, size, 3).permute(2, 0, 1).float() / 255
    if not published():
        return values
    symmetric = CONFIG["encoder"]["architecture"] == "InceptionResNetV2"
    mean, std = ([0.5] * 3, [0.5] * 3) if symmetric else ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return (values - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


@torch.no_grad()
def features(paths, batch=64, model=None):
    """Features h of image files: [number of files, features]."""
    paths, model = list(paths), model or load()
    parts = []
    for start in range(0, len(paths), batch):
        parts.append(model(torch.stack([read_image(p) for p in paths[start : start + batch]])))
    return torch.cat(parts)


@torch.no_grad()
def predict(paths):
    """Probabilities of the classes for image files: [number of files, classes]."""
    classifier = load_classifier()
    if classifier is None:
        raise FileNotFoundError("this export holds no classifier: neither fine_tuned nor classifier.safetensors")
    model, layer = classifier
    return layer(features(paths, model=model)).softmax(1)


def main():
    paths = sys.argv[1:]
    if not paths:
        raise SystemExit("usage: python load_encoder.py image.png [more images]")
    for path, h in zip(paths, features(paths)):
        start = ", ".join(f"{v:.4f}" for v in h[:4].tolist())
        print(f"{path}: {len(h)} features, {start}, ...")
    if load_classifier() is None:
        return
    for path, row in zip(paths, predict(paths)):
        best = row.topk(min(3, len(row)))
        names = [CLASSES[i] for i in best.indices.tolist()]
        print(f"{path}: " + ", ".join(f"{n} {p:.1%}" for n, p in zip(names, best.values.tolist())))


if __name__ == "__main__":
    main()
