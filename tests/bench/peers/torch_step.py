#!/usr/bin/env python3
"""The compared step in PyTorch, natively: what a GPU of this machine can do.

    python3 torch_step.py [tiny|r18] [--device cuda|cpu] [--steps 20] [--kernels]

One JSON line, as `cargo run --release --features gpu --example step_time -- tiny 20 gpu` prints it. `--kernels` adds the time of each
kernel on standard error. Needs torch; no part of the program and of no test.
"""
import argparse
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

SETTINGS = {
    "tiny": dict(images=32, widths=[16, 32, 64, 128], blocks=1, hidden=128, out=128),
    "r18": dict(images=16, widths=[64, 128, 256, 512], blocks=2, hidden=512, out=128),
}
WARM_UP = 3


def mulberry(seed, count):
    """`count` numbers in [0, 1), as weights.mjs draws them: mulberry32, counted by position. In int64, masked to 32 bits."""
    mask = 0xFFFFFFFF

    def times(a, b):
        # Of 32 × 32 bits, without the overflow of int64.
        return ((a & 0xFFFF) * b + ((((a >> 16) * b) & 0xFFFF) << 16)) & mask

    i = torch.arange(1, count + 1, dtype=torch.int64)
    s = (seed + times(i, torch.tensor(0x6D2B79F5))) & mask
    t = times(s ^ (s >> 15), 1 | s)
    t = ((t + times(t ^ (t >> 7), 61 | t)) & mask) ^ t
    return ((t ^ (t >> 14)).double() / 4294967296).float()


class Weights:
    """Kaiming-uniform, each tensor from a seed of its own."""

    def __init__(self):
        self.seed = 1000

    def fill(self, parameter):
        self.seed += 1
        bound = (6 / parameter[0].numel()) ** 0.5
        values = (mulberry(self.seed, parameter.numel()) * 2 - 1).double() * bound
        parameter.data = values.float().reshape(parameter.shape)


def convolution(weights, inputs, outputs, side, stride):
    layer = nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)
    weights.fill(layer.weight)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class Block(nn.Module):
    def __init__(self, weights, inputs, outputs, stride):
        super().__init__()
        self.first = convolution(weights, inputs, outputs, 3, stride)
        self.second = convolution(weights, outputs, outputs, 3, 1)
        differs = stride != 1 or inputs != outputs
        self.shortcut = convolution(weights, inputs, outputs, 1, stride) if differs else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class Network(nn.Module):
    def __init__(self, widths, blocks, hidden, out, **_):
        super().__init__()
        weights = Weights()
        self.stem = convolution(weights, 3, widths[0], 3, 1)
        stages, inputs = [], widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                stages.append(Block(weights, inputs, width, 2 if stage > 0 and block == 0 else 1))
                inputs = width
        self.blocks = nn.Sequential(*stages)
        self.head = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, out))
        for layer in (self.head[0], self.head[2]):
            weights.fill(layer.weight)
            layer.bias.data.zero_()

    def forward(self, x):
        return self.head(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("setting", nargs="?", default="tiny", choices=SETTINGS)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--kernels", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--serve", action="store_true", help="make as many steps as each line of input says, and print their times")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    setting, on = SETTINGS[asked.setting], torch.device(asked.device)
    # Whole 32-bit floats, as burn computes.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True

    count = 2 * setting["images"]
    network = Network(**setting).to(on).train()
    if on.type == "cpu":
        # Faster on a CPU.
        network = network.to(memory_format=torch.channels_last)
    views = mulberry(7, count * 3 * 32 * 32).reshape(count, 3, 32, 32).to(on)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    positive = ((torch.arange(count) + setting["images"]) % count).to(on)
    itself = torch.eye(count, device=on) * -1e9

    def step():
        z = F.normalize(network(views))
        loss = F.cross_entropy(z @ z.T / 0.5 + itself, positive)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        # Reading it waits for the device.
        return loss.item()

    if asked.serve:
        print(json.dumps({"version": torch.__version__}), flush=True)
        for line in sys.stdin:
            ms, losses, cpu = [], [], time.process_time()
            for _ in range(int(line)):
                begun = time.perf_counter()
                losses.append(step())
                ms.append((time.perf_counter() - begun) * 1e3)
            print(json.dumps({"ms": ms, "losses": losses, "cpu_ms": (time.process_time() - cpu) * 1e3}), flush=True)
        return

    times, losses = [], []
    for _ in range(WARM_UP + asked.steps):
        begun = time.perf_counter()
        losses.append(step())
        if on.type == "cuda":
            torch.cuda.synchronize()
        times.append((time.perf_counter() - begun) * 1e3)
    timed = sorted(times[WARM_UP:])
    print(json.dumps({
        "of": "torch", "version": torch.__version__, "setting": asked.setting,
        "device": torch.cuda.get_device_name() if on.type == "cuda" else "cpu", "step": "peer", "steps": asked.steps, "warm_up": WARM_UP,
        "first_ms": round(times[0], 1), "median_ms": round(timed[len(timed) // 2], 2), "min_ms": round(timed[0], 2),
        "losses": [round(loss, 4) for loss in losses[:4]],
    }))

    if asked.kernels:
        kinds = [torch.profiler.ProfilerActivity.CPU] + ([torch.profiler.ProfilerActivity.CUDA] if on.type == "cuda" else [])
        with torch.profiler.profile(activities=kinds) as profile:
            for _ in range(5):
                step()
        order = "self_cuda_time_total" if on.type == "cuda" else "self_cpu_time_total"
        print(profile.key_averages().table(sort_by=order, row_limit=40), file=sys.stderr)


if __name__ == "__main__":
    main()
