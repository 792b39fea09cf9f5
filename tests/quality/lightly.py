#!/usr/bin/env python3
"""SimCLR by lightly's loss and LARS in torch, at the settings of examples/quality: the peer of `cargo xtask quality`.

usage: lightly.py TRAIN.zip TEST.zip SEED

Wants torch, torchvision and lightly. The zips hold a folder of 32-pixel images a class. Its last line is
"linear A, kNN B", test accuracies in per cent: kNN with k = 200 and T = 0.1; a linear classifier on standardised
features (SGD with Nesterov momentum 0.9, rate 0.1, batches of 256, 100 epochs, cosine).
"""
import io
import math
import sys
import zipfile

import numpy
import torch
from lightly.loss import NTXentLoss
from lightly.utils.lars import LARS
from PIL import Image
from torch import nn
from torch.nn import functional
from torchvision.transforms import v2

EPOCHS, BATCH, WIDTHS, TEMPERATURE = 30, 128, (16, 32, 64, 128), 0.5


def read(path, classes=None):
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith((".jpg", ".png")))
        images = [numpy.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB")) for name in names]
    of = [name.split("/")[-2] for name in names]
    classes = classes or sorted(set(of))
    pixels = torch.from_numpy(numpy.stack(images)).permute(0, 3, 1, 2).float() / 255
    return pixels, torch.tensor([classes.index(name) for name in of]), classes


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return functional.relu(self.body(x) + self.shortcut(x))


def resnet10():
    blocks, inputs = [], WIDTHS[0]
    for outputs in WIDTHS:
        blocks.append(Block(inputs, outputs, 1 if outputs == WIDTHS[0] else 2))
        inputs = outputs
    stem = [nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())


@torch.no_grad()
def features(encoder, pixels):
    encoder.eval()
    rows = torch.cat([encoder(part) for part in pixels.split(500)])
    encoder.train()
    return rows


def knn(bank, labels, queries, truth):
    bank, queries = functional.normalize(bank), functional.normalize(queries)
    cosines, nearest = (queries @ bank.T).topk(min(200, len(bank)))
    votes = torch.zeros(len(queries), int(labels.max()) + 1).scatter_add_(1, labels[nearest], (cosines / 0.1).exp())
    return 100 * (votes.argmax(1) == truth).float().mean().item()


def linear(rows, labels, judged, truth):
    mean, deviation = rows.mean(0), rows.std(0) + 1e-6
    rows, judged = (rows - mean) / deviation, (judged - mean) / deviation
    classifier = nn.Linear(rows.shape[1], int(labels.max()) + 1)
    optimizer = torch.optim.SGD(classifier.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    for _ in range(100):
        for part in torch.randperm(len(rows)).split(256):
            optimizer.zero_grad()
            functional.cross_entropy(classifier(rows[part]), labels[part]).backward()
            optimizer.step()
        schedule.step()
    return 100 * (classifier(judged).argmax(1) == truth).float().mean().item()


def main():
    train, test, seed = sys.argv[1:]
    torch.manual_seed(int(seed))
    pixels, labels, classes = read(train)
    judged, truth, _ = read(test, classes)
    encoder, width = resnet10(), WIDTHS[-1]
    head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 128))
    view = v2.Compose([
        v2.RandomResizedCrop(32, scale=(0.08, 1), antialias=False), v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8), v2.RandomGrayscale(0.2)])
    all_parameters = [*encoder.parameters(), *head.parameters()]
    groups = [{"params": [p for p in all_parameters if p.ndim > 1], "weight_decay": 1e-6},
              {"params": [p for p in all_parameters if p.ndim <= 1], "weight_decay": 0.0}]
    optimizer, loss_of = LARS(groups, lr=1.0, momentum=0.9), NTXentLoss(temperature=TEMPERATURE)
    peak, steps, step = 0.075 * math.sqrt(BATCH), EPOCHS * (len(pixels) // BATCH), 0
    warm_up = max(1, steps // 10)
    for epoch in range(EPOCHS):
        total = 0.0
        for part in torch.randperm(len(pixels)).split(BATCH):
            if len(part) < BATCH:
                continue
            step += 1
            done = (step - warm_up) / max(1, steps - warm_up)
            rate = peak * (step / warm_up if step <= warm_up else 0.5 * (1 + math.cos(math.pi * done)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            views = torch.cat([torch.stack([view(image) for image in pixels[part]]) for _ in range(2)])
            z = head(encoder(views))
            loss = loss_of(z[:BATCH], z[BATCH:])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / (len(pixels) // BATCH):.3f}", flush=True)
    rows, judged = features(encoder, pixels), features(encoder, judged)
    print(f"linear {linear(rows, labels, judged, truth):.1f}, kNN {knn(rows, labels, judged, truth):.1f}")


if __name__ == "__main__":
    main()
