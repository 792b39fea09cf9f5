// The forward pass of the published encoders: ours alone, or beside TensorFlow.js in turns.
import { loadavg } from "node:os";
import { furthest, golden, largest } from "../e2e/ask.mjs";
import { encoders } from "./arguments.mjs";
import { ours } from "./ours.mjs";
import { peer } from "./peer.mjs";
import { median, round, write } from "./report.mjs";
import { cpuTime, takeTurns, wall, writeRatio } from "./turns.mjs";

/** The greatest ratio of our time to TensorFlow.js's; either has one thread here. */
const FORWARD = 0.7;
const THREADS = 1;

/** How far features may be from the golden ones, of the largest of them: who computes something else is not compared. */
const TOLERANCE = 1e-3;

/**
 * The sizes that are timed: how many images a pass, passes `warm` after the first, and turns. A browser compiles wasm well only while it runs,
 * which takes so many passes of a small size; an emulated GPU takes many seconds for one.
 */
function sizes(device, software, { small, size }) {
  if (device === "webgpu" && software) return [{ side: small, images: 2, warm: 0, rounds: 2, each: 1 }];
  const many = device === "webgpu" ? { warm: 10, rounds: 5, each: 5 } : { warm: 15, rounds: 3, each: 5 };
  const few = device === "webgpu" ? many : { warm: 1, rounds: 3, each: 1 };
  return [
    { side: small, images: 2, ...many },
    { side: size, images: 1, ...few },
  ];
}

/** Whatever a contestant does wrong is a line of its own, and the others go on; gives how many did. */
export async function passes(origin, device, software, encoder, beside) {
  const contestants = [];
  let failed = 0;
  const fails = (name, error) => {
    failed += 1;
    write("error", { in: `${name}, ${encoder} on ${device}`, error: String(error.message ?? error) });
  };
  const add = async (name, make) => {
    try {
      contestants.push({ name, ...(await make()) });
    } catch (error) {
      fails(name, error);
    }
  };
  try {
    await add("ours", () => own(origin, device, encoder));
    if (beside) await add("tfjs", () => tensorflow(origin, device, encoder, false));
    // As TensorFlow's converter does to a network that no longer trains. VGG19 has no normalisation.
    if (beside && encoder !== "Vgg19" && !software) await add("tfjs folded", () => tensorflow(origin, device, encoder, true));
    for (const plan of sizes(device, software, encoders[encoder])) {
      const { side, images, warm } = plan;
      for (const one of contestants.filter((one) => !one.broken)) {
        try {
          one.told = await one.open(side, images, warm);
          one.stepped = ({ memory, losses, tiled }) => {
            Object.assign(one.told, { memory, tiled });
            if (losses?.some((feature) => !Number.isFinite(feature))) throw new Error("a feature is no number");
          };
        } catch (error) {
          one.broken = true;
          fails(one.name, error);
        }
      }
      await takeTurns(contestants, plan, fails);
      const whole = contestants.filter((one) => !one.broken);
      for (const one of whole) line(one, device, encoder, plan);
      const us = whole.find((one) => one.name === "ours");
      for (const one of us ? whole.filter((one) => one !== us) : [])
        writeRatio({ what: `ours / ${one.name}`, of: "forward", device, encoder, side, images, passes: wall(us).length }, us, one, device === "cpu" && one.name === "tfjs" ? { median: FORWARD } : undefined);
    }
    return failed;
  } finally {
    for (const one of contestants) await one.close();
  }
}

async function own(origin, device, encoder) {
  const us = await ours(origin, THREADS);
  const open = async (side, images, warm) => {
    const { first_ms, adapter, software, memory } = await us.forward(device, encoder, side, images, warm);
    return { adapter, software, first_ms: round(first_ms), memory };
  };
  return { open, threads: THREADS, steps: us.passes, close: us.close };
}

/** Refused where it is not the same network: other parameters, or features that are not the golden ones. */
async function tensorflow(origin, device, encoder, folded) {
  const { known: name, parameters } = encoders[encoder];
  const { features, ...known } = golden("encoders.json").cases.find((one) => one.name === name);
  const them = await peer("encoder", origin, { ...known, folded }, device);
  try {
    const found = await them.call("known");
    if (found.parameters !== parameters || found.unused.length) throw new Error(`${found.parameters} parameters, not ${parameters}; unused: ${found.unused}`);
    const want = features.flat();
    const off = furthest(found.features, want) / largest(want);
    if (!(off <= TOLERANCE)) throw new Error(`features are off by ${off} of the largest: it is left out`);
    const open = async (side, images, warm) => {
      await them.call("images", { side, images });
      if (warm > 0) await them.steps(warm + 1);
      return { off: Number(off.toExponential(1)) };
    };
    return { open, threads: THREADS, steps: them.steps, close: them.close };
  } catch (error) {
    await them.close();
    throw error;
  }
}

function line(one, device, encoder, { side, images, warm }) {
  const [ms, cpu] = [wall(one), cpuTime(one)];
  write("forward", {
    of: one.name,
    device,
    encoder,
    side,
    images,
    ms_per_image: round(median(ms) / images),
    cpu_ms_per_image: cpu === null ? null : round(cpu / images),
    passes: ms.length,
    warm_up: warm + 1,
    ...one.told,
    load_average: round(loadavg()[0]),
  });
}
