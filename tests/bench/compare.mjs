// Training steps of ours beside other libraries': all are open at once and step in turns.
import { loadavg } from "node:os";
import { settings } from "./arguments.mjs";
import { ours } from "./ours.mjs";
import { peer } from "./peer.mjs";
import { torch } from "./torch.mjs";
import { median, round, write } from "./report.mjs";
import { cpuTime, takeTurns, wall, writeMissing, writeRatio } from "./turns.mjs";

/** The greatest ratios of wall times, by device and setting: ours to theirs, with the same threads, and to ours otherwise. */
const targets = {
  cpu: {
    tiny: { jax: { best: 0.6, median: 0.35 }, "torch, 1 thread": { median: 2.2 }, "1 thread": { median: 0.6 }, full: { median: 1.05 } },
    r18: { torch: { median: 2.5 }, "1 thread": { median: 0.6 }, full: { median: 1.05 } },
  },
  webgpu: { tiny: { jax: { median: 0.7 }, full: { median: 1.05 } }, r18: { jax: { median: 0.7 }, full: { median: 1.05 } } },
};

/** Losses of the first steps in torch, and how far others may be from them: who computes something else is not compared. */
const expected = {
  tiny: { losses: [4.1481, 4.1382, 4.1201, 4.0953], within: 2e-3 },
  r18: { losses: [3.436, 3.3293, 3.1413, 2.7472], within: 1e-2 },
};

/** How many turns, and steps in each. */
function turns(device, setting, software) {
  if (device === "webgpu" && software) return { rounds: 3, each: 1 };
  if (device === "webgpu") return { rounds: 6, each: 5 };
  return setting === "tiny" ? { rounds: 5, each: 3 } : { rounds: 3, each: 1 };
}

/** Whatever a contestant does wrong is a line of its own, and the others go on; gives how many did. */
export async function compare(origin, device, setting) {
  const contestants = [];
  let failed = 0;
  const fails = (name, error) => {
    failed += 1;
    write("error", { in: `${name}, ${setting} on ${device}`, error: String(error.message ?? error) });
  };
  try {
    const add = async (name, make) => {
      let one;
      try {
        one = await make();
        const first = await one.steps(1);
        const { losses } = first;
        contestants.push({ ...one, name, losses, first_ms: first.ms[0], stepped: (then) => losses.push(...then.losses) });
      } catch (error) {
        await one?.close();
        fails(name, error);
      }
    };
    let software = false;
    const own = (kind, threads) => async () => {
      const us = await ours(origin, threads);
      try {
        ({ software } = await us.open(device, setting, kind));
        return us;
      } catch (error) {
        await us.close();
        throw error;
      }
    };
    // An emulated GPU takes minutes for a step of the larger network.
    if (device === "webgpu" && setting === "r18" && (await emulated(origin))) {
      write("skipped", { device, setting, why: "the adapter emulates a GPU" });
      return failed;
    }
    await add("ours", own("peer"));
    await add("ours full", own("full"));
    if (device === "cpu") {
      await add("ours, 1 thread", own("peer", 1));
      await add("torch", () => torch(setting));
      await add("torch, 1 thread", () => torch(setting, 1));
    }
    // jax-js needs more than wasm's 4 GiB for the larger network.
    const jaxFits = device !== "cpu" || setting !== "r18";
    if (jaxFits) await add("jax", () => peer("jax", origin, settings[setting], device));
    await add("tfjs", () => peer("tfjs", origin, settings[setting], device));

    await takeTurns(contestants, turns(device, setting, software), fails);
    const whole = contestants.filter((one) => !one.broken);
    for (const one of whole) {
      const why = one.name === "ours full" ? null : wrong(one.losses, expected[setting]);
      line(one, device, setting, why);
      if (why) {
        one.broken = true;
        fails(one.name, new Error(`${why}: it is left out of the ratios`));
      }
    }
    ratios(whole.filter((one) => !one.broken), device, setting, jaxFits);
    return failed;
  } finally {
    for (const one of contestants) await one.close();
  }
}

/** Whether the adapter is a software one: asked of a worker of its own with the smaller network. */
export async function emulated(origin) {
  const us = await ours(origin);
  try {
    return (await us.open("webgpu", "tiny", "peer")).software;
  } finally {
    await us.close();
  }
}

/** What is wrong with the losses of the compared step; null where nothing is. */
function wrong(losses, { losses: wanted, within }) {
  // A loss that is no number is not near any.
  const at = wanted.findIndex((want, i) => i < losses.length && !(Math.abs(losses[i] - want) <= within));
  return at < 0 ? null : `step ${at + 1} has loss ${round(losses[at] ?? NaN, 4)}, not ${wanted[at]}`;
}

function line(one, device, setting, wrong) {
  const [ms, cpu] = [wall(one), cpuTime(one)];
  write("peer_step", {
    of: one.name,
    device,
    setting,
    threads: one.threads,
    ms_median: round(median(ms)),
    ms_min: round(Math.min(...ms)),
    cpu_ms: cpu === null ? null : round(cpu),
    first_ms: round(one.first_ms),
    steps: ms.length,
    warm_up: 1,
    load_average: round(loadavg()[0]),
    losses: one.losses.slice(0, 4).map((loss) => round(loss, 4)),
    ...(wrong ? { wrong } : {}),
  });
}

function ratios(contestants, device, setting, jaxFits) {
  const named = (name) => contestants.find((one) => one.name === name);
  const wanted = targets[device][setting];
  const pair = (a, b, what, target = wanted[what]) => {
    const [one, other] = [named(a), named(b)];
    const at = { what: `${a} / ${b}`, device, setting };
    if (one && other) writeRatio({ ...at, steps: wall(one).length }, one, other, target);
    else if (target) writeMissing(at, one ? b : a, "it did not start, or not as it should: see the errors above");
  };
  if (jaxFits) pair("ours", "jax", "jax");
  pair("ours", "tfjs", "tfjs");
  pair("ours full", "ours", "full");
  if (device !== "cpu") return;
  pair("ours", "torch", "torch");
  pair("ours, 1 thread", "torch, 1 thread", "torch, 1 thread");
  pair("ours", "ours, 1 thread", "1 thread");
}
