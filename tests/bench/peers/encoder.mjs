// The forward pass of a published encoder in TensorFlow.js, channels last, with the weights of a case of tests/golden/encoders.json.
// Where that is `folded`, batch normalisation has become part of the weights before.
import { fill, unit } from "./known.mjs";
import { networks } from "./networks.mjs";
import { tensorflow, wasmBytes } from "./tensorflow.mjs";
import { mulberry } from "./weights.mjs";

/** A function that makes one pass over the images that `images` made ready, and gives a feature; `known` computes the case itself. */
export async function open(known, device) {
  const tf = await tensorflow(device, false);
  const { mean, std, epsilon, forward } = networks[known.name];
  const shapes = new Map(known.tensors);
  const unused = new Set(shapes.keys());
  let parameters = 0;
  const tensor = (name) => {
    const shape = shapes.get(name);
    const values = fill(name, shape, known);
    if (unused.delete(name) && !name.includes(".running_")) parameters += values.length;
    return tf.tensor(values, shape);
  };
  /** What a layer computes with; made when it is first met. */
  const layers = new Map();
  const ready = (conv, norm) => {
    if (!layers.has(conv)) layers.set(conv, make(conv, norm));
    return layers.get(conv);
  };
  const make = (conv, norm) =>
    tf.tidy(() => {
      const filter = tf.transpose(tensor(`${conv}.weight`), [2, 3, 1, 0]);
      if (!norm) return { filter: tf.keep(filter), bias: tf.keep(tensor(`${conv}.bias`)) };
      const statistics = ["running_mean", "running_var", "bias", "weight"].map((part) => tensor(`${norm}.${part}`));
      if (!known.folded) return { filter: tf.keep(filter), statistics: statistics.map((one) => tf.keep(one)) };
      const [mean, variance, shift, gain] = statistics;
      const scale = tf.div(gain, tf.sqrt(tf.add(variance, epsilon)));
      return { filter: tf.keep(tf.mul(filter, scale)), bias: tf.keep(tf.sub(shift, tf.mul(mean, scale))) };
    });
  const op = {
    layer(x, conv, norm, { stride = 1, padding, relu = true } = {}) {
      const { filter, bias, statistics } = ready(conv, norm);
      const [high, wide] = filter.shape.map((side) => padding ?? side >> 1);
      const pad = stride === 1 && padding === undefined ? "same" : [[0, 0], [high, high], [wide, wide], [0, 0]];
      if (bias) return tf.fused.conv2d({ x, filter, strides: stride, pad, bias, activation: relu ? "relu" : "linear" });
      const y = tf.batchNorm(tf.conv2d(x, filter, stride, pad), ...statistics, epsilon);
      return relu ? tf.relu(y) : y;
    },
    maxPool: (x, side, stride, padding) => tf.maxPool(x, side, stride, padding),
    /** Padding does not count in it. */
    averagePool3: (x) => tf.avgPool(x, 3, 1, "same"),
    average: (x) => tf.mean(x, [1, 2]),
    join: (all) => tf.concat(all, 3),
    add: tf.add,
    scale: tf.mul,
    relu: tf.relu,
    /** What of it is not its result is let go when it is done. */
    part: tf.tidy,
  };
  const features = async (make) => {
    const result = tf.tidy(() => forward(op, make()));
    const values = await result.data();
    result.dispose();
    return values;
  };
  const channelsLast = (values, [n, c, h, w]) => tf.transpose(tf.tensor(values, [n, c, h, w]), [0, 2, 3, 1]);
  const [mean3, std3] = [tf.tensor1d(mean), tf.tensor1d(std)];
  let x;
  const pass = async () => (await features(() => tf.div(tf.sub(x, mean3), std3)))[0];
  return Object.assign(pass, {
    /** Images as src/learn/bench/mod.rs makes them. */
    images({ side, images }) {
      const shape = [images, 3, side, side];
      x?.dispose();
      x = tf.tidy(() => channelsLast(mulberry(5, images * 3 * side * side), shape));
    },
    memory() {
      const { numBytesAllocatedInGPU } = tf.memory();
      return { wasm_bytes: wasmBytes() || null, reserved_bytes: numBytesAllocatedInGPU ?? null };
    },
    async known() {
      const count = known.input.reduce((a, b) => a * b);
      const values = unit("input", known.salt, count).map((u) => 2 * u - 1);
      const input = tf.tidy(() => channelsLast(values, known.input));
      const found = Array.from(await features(() => input));
      input.dispose();
      return { features: found, parameters, unused: [...unused].filter((name) => !name.endsWith("num_batches_tracked")) };
    },
  });
}
