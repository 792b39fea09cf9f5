// Values of other libraries, and WebGPU against the CPU backend, in the worker that the page ships.
// Without a WebGPU adapter these tests fail and say so: the worker answers with the cause.
import { test, expect } from "./fixtures.mjs";
import { furthest, golden, largest, openWorker } from "./ask.mjs";

test.setTimeout(300_000);

const devices = ["webgpu", "cpu"];
const flat = (nested) => (Array.isArray(nested) ? nested.flat(Infinity) : [nested]);

/** Collects what is off, so that one run tells of every case. */
function verdict() {
  const wrong = [];
  return {
    within: (what, off, tolerance) => off <= tolerance || wrong.push(`${what}: off by ${off}, ${tolerance} is allowed`),
    none: () => expect(wrong).toEqual([]),
  };
}

for (const device of devices) {
  test(`NT-Xent and its gradient, ${device}`, async ({ page }) => {
    const ask = await openWorker(page);
    const { within, none } = verdict();
    for (const { name, loss, grad_a, grad_b, ...details } of golden("nt_xent.json").cases) {
      const [value, gradient] = await ask(device, "nt_xent", details);
      within(name, furthest(value, [loss]), Math.max(Math.abs(loss) * 1e-5, 1e-6));
      const want = flat([grad_a, grad_b]);
      within(`${name}: gradient`, furthest(gradient, want), Math.max(largest(want) * 1e-4, 1e-7));
    }
    none();
  });

  test(`LARS, ${device}`, async ({ page }) => {
    const ask = await openWorker(page);
    const { within, none } = verdict();
    for (const { name, after, ...details } of golden("lars.json").cases) {
      const got = await ask(device, "lars", details);
      const tensors = [...details.adapted, ...details.excluded];
      expect(got).toHaveLength(after.length * tensors.length);
      after.forEach((step, number) =>
        tensors.forEach((tensor, at) => {
          const [values, want] = [got[number * tensors.length + at], flat(step[tensor])];
          expect(values).toHaveLength(want.length);
          values.forEach((value, i) => within(`${name}, step ${number}, ${tensor}`, furthest([value], [want[i]]), Math.abs(want[i]) * 1e-5));
        }),
      );
    }
    none();
  });

  test(`image operations, ${device}`, async ({ page }) => {
    const ask = await openWorker(page);
    const { within, none } = verdict();
    const file = golden("augment.json");
    for (const { op, params, on, result } of file.cases) {
      const [three] = await ask(device, "image", { op: { [op]: params }, image: file[on] });
      const want = flat(result);
      const [first, made, last] = [0, 1, 2].map((i) => three.slice(i * want.length, (i + 1) * want.length));
      const what = `${op} ${JSON.stringify(params)}`;
      within(what, furthest(made, want), op === "hue" ? 2e-3 : 1e-4);
      // The images beside it in the batch come back as they were.
      const other = flat(file[on]).map((v) => 1 - v * v);
      if (op !== "normalize" && other.length === want.length)
        for (const kept of [first, last]) within(`${what}: a neighbour`, furthest(kept, other), 1e-5);
    }
    none();
  });

  test(`a random chain of all operations equals core's, ${device}`, async ({ page }) => {
    const ask = await openWorker(page);
    // Windows of the blur are of 3, 3 and 5 pixels.
    for (const size of [16, 32, 48]) {
      const [made, want] = await ask(device, "chain", { seed: 3, size });
      expect(made).toHaveLength(64 * 3 * size * size);
      expect(furthest(made, want)).toBeLessThanOrEqual(2e-3);
    }
  });

  // The others go through the same code natively, and would take minutes here.
  for (const name of device === "webgpu" ? ["resnet18", "resnet50"] : ["resnet18"]) {
    test(`features of a known encoder, ${name}, ${device}`, { tag: name === "resnet50" ? "@nightly" : [] }, async ({ page }) => {
      const ask = await openWorker(page);
      const { features, ...details } = golden("encoders.json").cases.find((one) => one.name === name);
      const [got] = await ask(device, "encoder", details);
      const want = flat(features);
      expect(furthest(got, want)).toBeLessThanOrEqual(largest(want) * 1e-3);
    });
  }
}

// Sizes that fill the tiles of the kernels, and sizes that do not: pixels of the batch, channels of input and output. All kernels of the networks.
const convolutions = [
  { input: [2, 16, 8, 8], channels: 16, kernel: [3, 3], stride: 1 },
  { input: [3, 8, 6, 12], channels: 24, kernel: [3, 3], stride: 1 },
  { input: [65, 8, 4, 4], channels: 8, kernel: [3, 3], stride: 1 },
  { input: [2, 16, 16, 16], channels: 32, kernel: [3, 3], stride: 2 },
  { input: [5, 8, 12, 16], channels: 8, kernel: [3, 3], stride: 2 },
  { input: [2, 16, 16, 8], channels: 32, kernel: [1, 1], stride: 2 },
  { input: [3, 16, 7, 7], channels: 16, kernel: [3, 3], stride: 1 },
  { input: [3, 8, 14, 14], channels: 16, kernel: [3, 3], stride: 2 },
  { input: [1, 8, 5, 5], channels: 8, kernel: [3, 3], stride: 2 },
  { input: [3, 16, 5, 7], channels: 8, kernel: [1, 1], stride: 1 },
  { input: [3, 16, 10, 6], channels: 8, kernel: [1, 1], stride: 2 },
  { input: [5, 8, 1, 1], channels: 8, kernel: [3, 3], stride: 1 },
  { input: [2, 3, 9, 9], channels: 8, kernel: [3, 3], stride: 1 },
  { input: [3, 3, 15, 14], channels: 8, kernel: [7, 7], stride: 2 },
  { input: [2, 6, 5, 5], channels: 10, kernel: [3, 3], stride: 1 },
  { input: [1, 8, 9, 10], channels: 16, kernel: [1, 7], stride: 1 },
  { input: [1, 8, 9, 10], channels: 16, kernel: [7, 1], stride: 1 },
  { input: [1, 8, 7, 7], channels: 8, kernel: [5, 5], stride: 1 },
];

test("convolutions and their gradients are the CPU backend's on WebGPU", async ({ page }) => {
  const ask = await openWorker(page);
  const { within, none } = verdict();
  for (const sizes of convolutions) {
    const [gpu, cpu] = [await ask("webgpu", "convolution", sizes), await ask("cpu", "convolution", sizes)];
    ["output", "gradient of the input", "gradient of the weight"].forEach((what, i) => {
      expect(gpu[i]).toHaveLength(cpu[i].length);
      expect(largest(cpu[i])).toBeGreaterThan(1);
      within(`${JSON.stringify(sizes)}: ${what}`, furthest(gpu[i], cpu[i]), largest(cpu[i]) * 1e-5);
    });
  }
  none();
});

for (const optimizer of ["Lars", "Sgd", "AdamW"]) {
  test(`five steps at the peak rate go alike on WebGPU and on the CPU backend, ${optimizer}`, async ({ page }) => {
    const ask = await openWorker(page);
    const { within, none } = verdict();
    const [[gpu], [cpu]] = [await ask("webgpu", "steps", { count: 5, optimizer }), await ask("cpu", "steps", { count: 5, optimizer })];
    expect(cpu).toHaveLength(5);
    expect(cpu[0] - cpu[4], `${cpu}`).toBeGreaterThanOrEqual(0.1);
    cpu.forEach((loss, i) => within(`step ${i + 1}, ${gpu[i]} and ${loss}`, furthest([gpu[i]], [loss]), Math.abs(loss) * 1e-3));
    none();
  });
}

for (const stem of ["Small", "ImageNet"]) {
  test(`loss and gradients of a residual network are the CPU backend's on WebGPU, stem ${stem}`, async ({ page }) => {
    const ask = await openWorker(page);
    const { within, none } = verdict();
    const network = { architecture: "ResNet10", stem, width: 16, views: 8, size: 16 };
    const [gpu, cpu] = [await ask("webgpu", "network", network), await ask("cpu", "network", network)];
    expect(gpu).toHaveLength(cpu.length);
    within("loss", furthest(gpu[0], cpu[0]), cpu[0][0] * 1e-5);
    cpu.slice(1).forEach((want, i) => {
      expect(largest(want)).toBeGreaterThan(1e-6);
      within(`gradient of parameter ${i}, ${want.length} values`, furthest(gpu[i + 1], want), largest(want) * 1e-3);
    });
    none();
  });
}
