// Ours beside other libraries: all are open at once and step in turns (ours, jax, ours full, tfjs, …), so that a machine that gets busy is busy for
// all of them.
import { loadavg } from "node:os";
import { settings } from "./arguments.mjs";
import { ours } from "./ours.mjs";
import { peer } from "./peer.mjs";
import { median, round, say, write } from "./report.mjs";

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

export async function compare(origin, device, setting) {
  const contestants = [];
  try {
    const add = async (name, make) => {
      try {
        const one = await make();
        const first = await one.steps(1);
        const times = { ms: [], cpu: [], losses: first.losses, first_ms: first.ms[0] };
        contestants.push({ ...one, name, ...times });
      } catch (error) {
        write("error", { in: `${name}, ${setting} on ${device}`, error: String(error.message ?? error) });
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
      return;
    }
    await add("ours full", own("full"));
    // jax-js needs more than wasm's 4 GiB for the larger network.
    const jaxFits = device !== "cpu" || setting !== "r18";
    if (jaxFits) await add("jax", () => peer("jax", origin, settings[setting], device));
    await add("tfjs", () => peer("tfjs", origin, settings[setting], device));

    const { rounds, each } = turns(device, setting, software);
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}, load ${loadavg()[0].toFixed(1)}`);
      for (const one of contestants) {
        const { ms, losses, cpu_ms } = await one.steps(each);
        one.ms.push(...ms);
        one.losses.push(...losses);
        if (cpu_ms !== null) one.cpu.push(cpu_ms / each);
      }
    }
    for (const one of contestants) line(one, device, setting);
    ratios(contestants, device, setting);
  } finally {
    for (const one of contestants) await one.close();
  }
}

function line({ name, ms, cpu, losses, first_ms }, device, setting) {
  const wrong = name !== "ours full" && setting === "tiny" && expected.some((want, i) => i < losses.length && Math.abs(losses[i] - want) > 2e-3);
  write("peer_step", {
    of: name,
    device,
    setting,
    ms_median: round(median(ms)),
    ms_min: round(Math.min(...ms)),
    cpu_ms: cpu.length ? round(median(cpu)) : null,
    first_ms: round(first_ms),
    steps: ms.length,
    warm_up: 1,
    losses: losses.slice(0, 4).map((loss) => round(loss, 4)),
    ...(wrong ? { wrong: "the losses are not those of the compared step" } : {}),
  });
}

/** Wall time decides on a quiet machine; the least of all steps and CPU time stand beside it for one that is not. */
function ratios(contestants, device, setting) {
  const named = (name) => contestants.find((one) => one.name === name);
  const us = named("ours");
  const ratio = (a, b) => ({
    wall: round(median(a.ms) / median(b.ms), 3),
    wall_min: round(Math.min(...a.ms) / Math.min(...b.ms), 3),
    cpu: a.cpu.length && b.cpu.length ? round(median(a.cpu) / median(b.cpu), 3) : null,
  });
  const write_ratio = (what, a, b, target) => {
    const found = ratio(a, b);
    const verdict = target === undefined ? {} : { target, pass: found.wall <= target };
    write("ratio", { what, device, setting, ...found, ...verdict, steps: a.ms.length });
  };
  if (!us) return;
  for (const name of ["jax", "tfjs"]) {
    const them = named(name);
    if (them) write_ratio(`ours / ${name}`, us, them, targets[device][name]);
  }
  const full = named("ours full");
  if (full) write_ratio("full / peer-equal", full, us, FULL_TARGET);
}
