// The published encoders, layer by layer, by the names that torchvision and timm give their tensors. `op` computes: `layer` is a convolution with
// its normalisation (or its bias, where that has no name) and ReLU; stride 1 and padding that then keeps the size where not said otherwise.

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], epsilon: 1e-5 };
const symmetric = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], epsilon: 1e-3 };

/** By their names in tests/golden/encoders.json: how images are normalised, ε of batch normalisation, and what becomes of `x`. */
export const networks = {
  resnet18: { ...imagenet, forward: (op, x) => resnet(op, x, [2, 2, 2, 2], 2) },
  resnet50: { ...imagenet, forward: (op, x) => resnet(op, x, [3, 4, 6, 3], 3) },
  resnet101: { ...imagenet, forward: (op, x) => resnet(op, x, [3, 4, 23, 3], 3) },
  vgg19: { ...imagenet, forward: vgg19 },
  inception_resnet_v2: { ...symmetric, forward: inception },
};

/** So many blocks a stage, each of two or three layers; the last but one has the stride. */
function resnet(op, input, stages, layers) {
  let x = op.part(() => op.maxPool(op.layer(input, "conv1", "bn1", { stride: 2 }), 3, 2, 1));
  for (const [stage, blocks] of stages.entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const before = x;
      x = op.part(() => {
        let y = before;
        for (let n = 1; n <= layers; n++) y = op.layer(y, `${at}.conv${n}`, `${at}.bn${n}`, { stride: n === layers - 1 ? stride : 1, relu: n < layers });
        const differs = block === 0 && (stage > 0 || layers === 3);
        const kept = differs ? op.layer(before, `${at}.downsample.0`, `${at}.downsample.1`, { stride, relu: false }) : before;
        return op.relu(op.add(y, kept));
      });
    }
  }
  return op.average(x);
}

/** Its layers are numbered with the ReLUs and the pools. */
function vgg19(op, x) {
  let at = 0;
  for (const layers of [2, 2, 4, 4, 4]) {
    const [before, first] = [x, at];
    x = op.part(() => {
      let y = before;
      for (let n = 0; n < layers; n++) y = op.layer(y, `features.${first + 2 * n}`);
      return op.maxPool(y, 2, 2, 0);
    });
    at += 2 * layers + 1;
  }
  return op.average(x);
}

function inception(op, input) {
  const layer = (x, at, how) => op.layer(x, `${at}.conv`, `${at}.bn`, how);
  /** Branches of so many layers side by side, the last layer of each made as `last` says. */
  const branches = (x, at, lengths, last) =>
    lengths.map((length, branch) => {
      let y = x;
      for (let n = 0; n < length; n++) y = layer(y, `${at}.branch${branch}${length > 1 ? `.${n}` : ""}`, n === length - 1 ? last : {});
      return y;
    });
  const shrunk = (x, at, lengths) => op.part(() => op.join([...branches(x, at, lengths, half), op.maxPool(x, 3, 2, 0)]));
  const residual = (x, at, lengths, scale, relu = true) =>
    op.part(() => {
      const y = op.add(op.scale(op.layer(op.join(branches(x, at, lengths, {})), `${at}.conv2d`, null, { relu: false }), scale), x);
      return relu ? op.relu(y) : y;
    });
  const repeat = (x, at, count, lengths, scale) => {
    for (let n = 0; n < count; n++) x = residual(x, `${at}.${n}`, lengths, scale);
    return x;
  };
  const valid = { padding: 0 };
  const half = { padding: 0, stride: 2 };
  let x = op.part(() => {
    const first = op.maxPool(layer(layer(layer(input, "conv2d_1a", half), "conv2d_2a", valid), "conv2d_2b"), 3, 2, 0);
    return op.maxPool(layer(layer(first, "conv2d_3b"), "conv2d_4a", valid), 3, 2, 0);
  });
  const stem = x;
  x = op.part(() => op.join([...branches(stem, "mixed_5b", [1, 2, 3], {}), layer(op.averagePool3(stem), "mixed_5b.branch3.1")]));
  x = shrunk(repeat(x, "repeat", 10, [1, 2, 3], 0.17), "mixed_6a", [1, 3]);
  x = shrunk(repeat(x, "repeat_1", 20, [1, 3], 0.1), "mixed_7a", [2, 2, 3]);
  x = residual(repeat(x, "repeat_2", 9, [1, 3], 0.2), "block8", [1, 3], 1, false);
  return op.average(layer(x, "conv2d_7b"));
}
