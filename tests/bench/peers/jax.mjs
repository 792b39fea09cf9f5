// The compared step in jax-js. Its own convolution is slow, so it gets the one that suits it: patches side by side and one matrix product.
// Every operation consumes its operands; `.ref` keeps one for another use.
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from "./node_modules/@jax-js/jax/dist/index.js";
import { network, rule, views } from "./weights.mjs";

/** A function that makes one step and gives its loss. */
export async function open(setting, device) {
  const place = device === "cpu" ? "wasm" : device;
  if (!(await init()).includes(place)) throw new Error(`jax-js has no ${place} here`);
  defaultDevice(place);
  const { matrices, blocks } = network(setting);
  const count = 2 * setting.images;

  let weights = {};
  for (const [name, { shape, values }] of matrices) {
    const matrix = np.array(values).reshape(shape);
    if (shape.length === 4) {
      // Rows of the patches: row, column, channel.
      weights[name] = matrix.transpose([2, 3, 1, 0]).reshape([shape[1] * shape[2] * shape[3], shape[0]]);
      weights[`${name}.scale`] = np.ones([shape[0]]);
    } else {
      weights[name] = matrix.transpose();
    }
    weights[`${name}.shift`] = np.zeros([shape[0]]);
  }
  let momenta = tree.map((w) => np.zeros(w.shape), tree.ref(weights));

  const patches = (x, side, stride) => {
    const [n, h, w, c] = x.shape;
    const [rows, columns] = [h / stride, w / stride];
    // Strides as axes of their own: position = stride · whole + rest.
    const split = (t, r, k) => (stride === 1 ? t : t.reshape([n, r, 2, k, 2, c]));
    const cut = (t, i, j) =>
      stride === 1
        ? t.slice([], [i, i + rows], [j, j + columns], [])
        : t.slice([], [i >> 1, (i >> 1) + rows], i & 1, [j >> 1, (j >> 1) + columns], j & 1, []);
    if (side === 1) return stride === 1 ? x : cut(split(x, rows, columns), 0, 0);
    const rim = np.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]);
    const whole = split(rim, rows + 1, columns + 1);
    const parts = [];
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) parts.push(cut(whole.ref, i, j));
    whole.dispose();
    return np.concatenate(parts, 3);
  };
  const convolve = (p, x, name, side, stride) => {
    const columns = patches(x, side, stride);
    const [n, h, w, c] = columns.shape;
    const y = np.dot(columns.reshape([n * h * w, c]), p[name].ref);
    // Batch normalisation over all positions.
    const centred = y.ref.sub(y.mean(0));
    const variance = np.square(centred.ref).mean(0);
    const scale = p[`${name}.scale`].ref.div(np.sqrt(variance.add(1e-5)));
    const out = centred.mul(scale).add(p[`${name}.shift`].ref);
    return out.reshape([n, h, w, out.shape[1]]);
  };
  const linear = (p, x, name) => np.dot(x, p[name].ref).add(p[`${name}.shift`].ref);

  const loss = (p, x) => {
    let h = nn.relu(convolve(p, x, "stem", 3, 1));
    for (const { name, stride, shortcut } of blocks) {
      const inner = convolve(p, nn.relu(convolve(p, h.ref, `${name}a`, 3, stride)), `${name}b`, 3, 1);
      h = nn.relu(inner.add(shortcut ? convolve(p, h, `${name}s`, 1, stride) : h));
    }
    let z = linear(p, nn.relu(linear(p, h.mean([1, 2]), "hidden")), "out");
    z = z.ref.div(np.sqrt(np.square(z).sum(1, { keepdims: true }).add(1e-12)));
    const logits = np.matmul(z.ref, z.ref.transpose()).mul(1 / rule.temperature).add(np.eye(count).mul(-1e9));
    const [first, second] = np.split(z, 2, 0);
    const positive = first.mul(second).sum(1).mul(1 / rule.temperature);
    tree.dispose(p);
    return nn.logsumexp(logits, 1).mean().sub(positive.mean());
  };
  const update = jit((p, m, x) => {
    const [value, slopes] = valueAndGrad(loss)(tree.ref(p), x);
    const next = { p: {}, m: {} };
    for (const name of Object.keys(p)) {
      next.m[name] = m[name].mul(rule.momentum).add(slopes[name]);
      next.p[name] = p[name].sub(next.m[name].ref.mul(rule.rate));
    }
    return [value, next.p, next.m];
  });

  const x = np.array(views(count)).reshape([count, 32, 32, 3]);
  return async () => {
    let value;
    [value, weights, momenta] = update(weights, momenta, x.ref);
    return (await value.data())[0];
  };
}
