// Ours beside other libraries: all are open at once and step in turns (ours, jax, ours full, tfjs, …), so that a machine that gets busy is busy for
// all of them.
import { loadavg } from "node:os";
import { settings } from "./arguments.mjs";
import { ours } from "./ours.mjs";
import { peer } from "./peer.mjs";
import { mean, median, round, say, write } from "./report.mjs";

/** The greatest ratio of our time to theirs, by device; and of our full step to our own compared one. */
const targets = { cpu: { jax: 0.65 }, webgpu: { jax: 1.2, tfjs: 0.25 } };
const FULL_TARGET = 1.1;

/** Losses of the first steps of `tiny` in torch: who computes something else is not compared. */
const expected = [4.1481, 4.1382, 4.1201, 4.0953];

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
      try {
        const one = await make();
        const first = await one.steps(1);
        contestants.push({ ...one, name, rounds: [], losses: first.losses, first_ms: first.ms[0] });
      } catch (error) {
        fails(name, error);
      }
    };
    let software = false;
    const own = (kind) => async () => {
      const us = await ours(origin);
      ({ software } = await us.open(device, setting, kind));
      return us;
    };
    await add("ours", own("peer"));
    if (software && device === "webgpu" && setting === "r18") {
      write("skipped", { device, setting, why: "the adapter emulates a GPU" });
      return failed;
    }
    await add("ours full", own("full"));
    // jax-js needs more than wasm's 4 GiB for the larger network.
    const jaxFits = device !== "cpu" || setting !== "r18";
    if (jaxFits) await add("jax", () => peer("jax", origin, settings[setting], device));
    await add("tfjs", () => peer("tfjs", origin, settings[setting], device));

    const { rounds, each } = turns(device, setting, software);
    for (let round = 0; round < rounds && !contestants.every((one) => one.broken); round++) {
      say(`round ${round + 1} of ${rounds}, load ${loadavg()[0].toFixed(1)}`);
      // Every other round backwards: a load that rises or falls meets nobody always first.
      for (const one of round % 2 ? contestants.toReversed() : contestants) {
        if (one.broken) continue;
        try {
          const { ms, losses, cpu_ms } = await one.steps(each);
          one.rounds.push({ ms, cpu: cpu_ms });
          one.losses.push(...losses);
        } catch (error) {
          one.broken = true;
          fails(one.name, error);
        }
      }
    }
    const whole = contestants.filter((one) => !one.broken);
    for (const one of whole) line(one, device, setting);
    ratios(whole, device, setting);
    return failed;
  } finally {
    for (const one of contestants) await one.close();
  }
}

/** All wall times of a contestant, and its CPU time a step over all rounds (the system counts in ticks, a few of which are one step). */
const wall = (one) => one.rounds.flatMap(({ ms }) => ms);
function cpuTime(one) {
  const all = one.rounds.map(({ cpu }) => cpu);
  return all.includes(null) ? null : all.reduce((sum, cpu) => sum + cpu, 0) / wall(one).length;
}

function line(one, device, setting) {
  const { name, losses, first_ms } = one;
  const wrong = name !== "ours full" && setting === "tiny" && expected.some((want, i) => i < losses.length && Math.abs(losses[i] - want) > 2e-3);
  const [ms, cpu] = [wall(one), cpuTime(one)];
  write("peer_step", {
    of: name,
    device,
    setting,
    ms_median: round(median(ms)),
    ms_min: round(Math.min(...ms)),
    cpu_ms: cpu === null ? null : round(cpu),
    first_ms: round(first_ms),
    steps: ms.length,
    warm_up: 1,
    load_average: round(loadavg()[0]),
    losses: losses.slice(0, 4).map((loss) => round(loss, 4)),
    ...(wrong ? { wrong: "the losses are not those of the compared step" } : {}),
  });
}

/**
 * Wall time decides on a quiet machine: the median of the rounds' ratios, as the two stepped one after the other in each. On a busy one CPU
 * time does, which does not count the waiting. Both are judged, and the reader has the load.
 */
function ratios(contestants, device, setting) {
  const named = (name) => contestants.find((one) => one.name === name);
  const us = named("ours");
  const write_ratio = (what, a, b, target) => {
    const of_rounds = a.rounds.map((own, i) => mean(own.ms) / mean(b.rounds[i].ms));
    const cpus = [cpuTime(a), cpuTime(b)];
    const found = { wall: median(of_rounds), wall_min: Math.min(...wall(a)) / Math.min(...wall(b)), cpu: cpus.includes(null) ? null : cpus[0] / cpus[1] };
    const judge = (ratio) => (ratio === null ? null : ratio <= target);
    const verdict = target === undefined ? {} : { target, pass_wall: judge(found.wall), pass_cpu: judge(found.cpu) };
    const shown = Object.fromEntries(Object.entries(found).map(([key, ratio]) => [key, ratio === null ? null : round(ratio, 3)]));
    write("ratio", { what, device, setting, ...shown, ...verdict, steps: wall(a).length, load_average: round(loadavg()[0]) });
  };
  if (!us) return;
  for (const name of ["jax", "tfjs"]) {
    const them = named(name);
    if (them) write_ratio(`ours / ${name}`, us, them, targets[device][name]);
  }
  const full = named("ours full");
  if (full) write_ratio("full / peer-equal", full, us, FULL_TARGET);
}
