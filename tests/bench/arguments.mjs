// Settings of the bench and its command line: node main.mjs [--only WORDS] [--peers] [--encoder NAMES] [--threads N] [--dist FOLDER].
import { parseArgs } from "node:util";

/** The two networks, as src/learn/bench names them; `images` is N, 2N views go through the network. */
export const settings = {
  tiny: { images: 32, widths: [16, 32, 64, 128], blocks: 1, hidden: 128, out: 128 },
  r18: { images: 16, widths: [64, 128, 256, 512], blocks: 2, hidden: 512, out: 128 },
};

/**
 * Published encoders, as src/core/imagenet.rs names them and counts their parameters: their names in tests/golden/encoders.json, a side of image
 * that is quick (64 where that is enough), and the one that their weights are of.
 */
export const encoders = {
  ResNet18: { known: "resnet18", parameters: 11_176_512, small: 64, size: 224 },
  ResNet50: { known: "resnet50", parameters: 23_508_032, small: 64, size: 224 },
  ResNet101: { known: "resnet101", parameters: 42_500_160, small: 64, size: 224 },
  Vgg19: { known: "vgg19", parameters: 20_024_384, small: 64, size: 224 },
  InceptionResNetV2: { known: "inception_resnet_v2", parameters: 54_306_464, small: 96, size: 299 },
};

/** Those that are compared on an emulated GPU where nobody names others: the rest take minutes. */
export const quick = ["ResNet18", "ResNet50"];

/** What can be measured alone. */
export const topics = ["sizes", "load", "start", "smooth", "lessons", "step", "parts", "memory", "saving", "evaluation", "encoders", "peers", "peer-encoders"];
const beside = ["peers", "peer-encoders"];

/** Seconds that anything asked of a page may take: several times what the slowest step takes on an emulated GPU. */
export const DEADLINE = 300;

/** Minutes of the whole bench on two cores. */
export const MINUTES = 30;

/**
 * How often each is stepped: `warm` steps before, then `steps` that are timed, then `late` more, whose memory is held against that after the
 * timed ones; without any, memory after the timed steps is held against that after the warm-up. An emulated GPU takes many seconds a step.
 */
export function plan(device, setting, software) {
  if (device === "webgpu" && software) return { warm: 1, steps: 3, late: 0 };
  if (device === "webgpu") return { warm: 5, steps: 30, late: 120 };
  return setting === "tiny" ? { warm: 2, steps: 12, late: 60 } : { warm: 1, steps: 3, late: 9 };
}

export function read(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: "string" },
      device: { type: "string", default: "cpu,webgpu" },
      setting: { type: "string", default: "tiny,r18" },
      encoder: { type: "string" },
      peers: { type: "boolean", default: false },
      threads: { type: "string", default: "0" },
      dist: { type: "string" },
    },
  });
  const list = (name, allowed) => {
    const words = values[name].split(",");
    const odd = words.find((word) => !allowed.includes(word));
    if (odd !== undefined) throw new Error(`--${name}: \`${odd}\` is none of ${allowed.join(", ")}`);
    return words;
  };
  const only = values.only === undefined ? topics.filter((topic) => !beside.includes(topic)) : list("only", topics);
  if (values.peers) only.push(...beside.filter((topic) => !only.includes(topic)));
  const named = values.encoder === undefined ? null : list("encoder", Object.keys(encoders));
  return { only, devices: list("device", ["cpu", "webgpu"]), settings: list("setting", ["tiny", "r18"]), encoders: named, threads: Number(values.threads), dist: values.dist };
}
