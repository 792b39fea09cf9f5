// The compared step in TensorFlow.js, channels last.
import { tensorflow } from "./tensorflow.mjs";
import { network, rule, views } from "./weights.mjs";

/** A function that makes one step and gives its loss. */
export async function open(setting, device) {
  const tf = await tensorflow(device, true);
  const { matrices, blocks } = network(setting);
  const count = 2 * setting.images;
  const weights = {};
  for (const [name, { shape, values }] of matrices) {
    weights[name] = tf.variable(tf.transpose(tf.tensor(values, shape), shape.length === 4 ? [2, 3, 1, 0] : [1, 0]));
    weights[`${name}.shift`] = tf.variable(tf.zeros([shape[0]]));
    if (shape.length === 4) weights[`${name}.scale`] = tf.variable(tf.ones([shape[0]]));
  }

  // At stride 2 "same" would pad below and to the right; the others pad above and to the left.
  const rim = (side, stride) => (side === 1 ? "valid" : stride === 1 ? "same" : [[0, 0], [1, 0], [1, 0], [0, 0]]);
  /** The wasm backend has no gradient of a convolution's filter: one matrix product a filter position. */
  const filterGradient = (x, dy, side, stride) =>
    tf.tidy(() => {
      const [n, rows, columns, out] = dy.shape;
      const depth = x.shape[3];
      const edge = side >> 1;
      const wide = edge ? tf.pad(x, [[0, 0], [edge, edge], [edge, edge], [0, 0]]) : x;
      const slopes = dy.reshape([n * rows * columns, out]);
      const parts = [];
      for (let i = 0; i < side; i++) {
        for (let j = 0; j < side; j++) {
          const end = [n, i + stride * (rows - 1) + 1, j + stride * (columns - 1) + 1, depth];
          const seen = stride === 1 ? wide.slice([0, i, j, 0], [n, rows, columns, depth]) : wide.stridedSlice([0, i, j, 0], end, [1, stride, stride, 1]);
          parts.push(tf.matMul(seen.reshape([n * rows * columns, depth]), slopes, true));
        }
      }
      return tf.stack(parts).reshape([side, side, depth, out]);
    });
  const plain = (x, w, stride) => tf.conv2d(x, w, stride, rim(w.shape[0], stride));
  const withGradient = (stride) =>
    tf.customGrad((x, w, save) => {
      save([x, w]);
      const gradFunc = (dy, [seen, filter]) => [
        () => tf.conv2dTranspose(dy, filter, seen.shape, stride, rim(filter.shape[0], stride)),
        () => filterGradient(seen, dy, filter.shape[0], stride),
      ].map((gradient) => gradient());
      return { value: plain(x, w, stride), gradFunc };
    });
  const byStride = { 1: withGradient(1), 2: withGradient(2) };
  const convolve = (x, name, stride) => {
    const y = device === "cpu" ? byStride[stride](x, weights[name]) : plain(x, weights[name], stride);
    const { mean, variance } = tf.moments(y, [0, 1, 2]);
    return tf.batchNorm(y, mean, variance, weights[`${name}.shift`], weights[`${name}.scale`], 1e-5);
  };
  const linear = (x, name) => tf.matMul(x, weights[name]).add(weights[`${name}.shift`]);

  const x = tf.tensor(views(count), [count, 32, 32, 3]);
  const self = tf.eye(count).mul(-1e9);
  const loss = () => {
    let h = tf.relu(convolve(x, "stem", 1));
    for (const { name, stride, shortcut } of blocks) {
      const inner = convolve(tf.relu(convolve(h, `${name}a`, stride)), `${name}b`, 1);
      h = tf.relu(inner.add(shortcut ? convolve(h, `${name}s`, stride) : h));
    }
    let z = linear(tf.relu(linear(tf.mean(h, [1, 2]), "hidden")), "out");
    z = z.div(tf.sqrt(z.square().sum(1, true).add(1e-12)));
    const logits = tf.matMul(z, z, false, true).div(rule.temperature).add(self);
    const [first, second] = tf.split(z, 2);
    const positive = first.mul(second).sum(1).div(rule.temperature);
    return tf.logSumExp(logits, 1).mean().sub(positive.mean());
  };
  const optimizer = tf.train.momentum(rule.rate, rule.momentum);
  return async () => {
    const value = optimizer.minimize(loss, true);
    const [number] = await value.data();
    value.dispose();
    return number;
  };
}
