// `cargo xtask bench`: one JSON line a measurement on standard output, what is going on on standard error.
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { DEADLINE, MINUTES, encoders, plan, quick, read, settings } from "./arguments.mjs";
import { compare, emulated } from "./compare.mjs";
import { passes } from "./encoders.mjs";
import { cold, inputs, slowdown, target, target_ms } from "./lessons.mjs";
import { loadTimes, ours } from "./ours.mjs";
import { serve } from "./server.mjs";
import { sizes } from "./sizes.mjs";
import { mainThread, target as smooth } from "./smooth.mjs";
import { startTimes, target as started } from "./start.mjs";
import { mean, median, missed, round, say, within, write } from "./report.mjs";

const begun = performance.now();
const asked = read(process.argv.slice(2));
const dist = asked.dist ?? fileURLToPath(new URL("../../dist", import.meta.url));
const server = await serve(dist);
let failed = 0;

/** One part of the bench; what goes wrong in it is a line too, and the rest goes on. */
async function part(name, run) {
  say(name);
  try {
    await run();
  } catch (error) {
    failed += 1;
    write("error", { in: name, error: String(error.message ?? error) });
  }
}

if (asked.only.includes("sizes")) {
  await part("sizes", async () => sizes(dist).forEach((size) => write("wasm_bytes", { ...size, pass: size.brotli <= size.target })));
}
if (asked.only.includes("load")) {
  await part("load", async () => {
    const all = await within(DEADLINE, "load", loadTimes(server.origin, 5));
    write("load", { answers_ms: round(median(all.map((one) => one.answered))), first_paint_ms: round(median(all.map((one) => one.paint))), loads: all.length });
  });
}

if (asked.only.includes("start")) {
  await part("start", async () => {
    const all = [];
    for (let n = 0; n < 3; n++) all.push(await within(DEADLINE, "start", startTimes(server.origin)));
    for (const visit of ["cold", "warm"]) {
      const [startable, stepped] = ["startable", "stepped"].map((mark) => round(median(all.map((one) => one[visit][mark]))));
      write("start", { visit, startable_ms: startable, first_step_ms: stepped, target_ms: started[visit], pass: stepped <= started[visit], load_average: round(loadavg()[0]) });
    }
  });
}
if (asked.only.includes("smooth")) {
  // One core is left for the page, where there are several; with all of them the numbers are told.
  for (const threads of new Set([Math.max(1, cpus().length - 1), cpus().length])) {
    await part(`the page beside ${threads} threads`, async () => {
      const found = await within(DEADLINE, "smooth", mainThread(server.origin, threads));
      const pass = Object.entries(smooth).every(([key, most]) => found[key] <= most);
      write("main_thread", { ...found, ...(threads < Math.max(2, cpus().length) ? { target: smooth, pass } : {}) });
    });
  }
}

if (asked.only.includes("lessons")) {
  for (const lesson of ["nt-xent", "lars"]) {
    await part(`lesson ${lesson}`, async () => {
      const all = [];
      for (let n = 0; n < 5; n++) all.push(await within(DEADLINE, lesson, cold(server.origin, lesson)));
      const [usable, { brotli }] = [median(all.map((one) => one.usable)), all[0]];
      write("lesson", { lesson, usable_ms: round(usable), brotli, target, pass: usable <= target.usable_ms && brotli <= target.brotli });
    });
  }
  await part("lessons' input", async () => {
    for (const one of await within(DEADLINE, "input", inputs(server.origin, 30))) write("lesson_input", { ...one, target_ms, pass: (one.slowest_ms ?? one.ms_median) <= target_ms });
  });
  await part("lessons' input, slowed down", async () => {
    for (const one of await within(DEADLINE, "slow input", inputs(server.origin, 30, slowdown))) write("lesson_input_slow", { ...one, slowdown });
  });
}

const wants = (...topics) => topics.some((topic) => asked.only.includes(topic));
for (const device of wants("step", "parts", "memory", "saving", "evaluation") ? asked.devices : []) {
  for (const setting of asked.settings) await part(`${setting} on ${device}`, () => steps(device, setting));
}
for (const device of wants("encoders", "peer-encoders") ? asked.devices : []) {
  let software = false;
  await part(`the adapter of ${device}`, async () => (software = device === "webgpu" && (await emulated(server.origin))));
  for (const encoder of asked.encoders ?? Object.keys(encoders)) {
    // Beside another library ours is measured too.
    const beside = wants("peer-encoders") && (asked.encoders !== null || !software || quick.includes(encoder));
    if (wants("peer-encoders") && !beside) write("skipped", { device, encoder, what: "beside other libraries", why: "the adapter emulates a GPU" });
    if (!beside && !wants("encoders")) continue;
    // A worker each: wasm's memory never shrinks.
    await part(`${encoder} on ${device}`, async () => {
      const broken = await passes(server.origin, device, software, encoder, beside);
      failed += broken;
    });
  }
}
if (asked.only.includes("peers")) {
  for (const device of asked.devices) {
    for (const setting of asked.settings) {
      await part(`${setting} on ${device}, beside other libraries`, async () => {
        const broken = await compare(server.origin, device, setting);
        failed += broken;
      });
    }
  }
}

server.close();
const minutes = (performance.now() - begun) / 60_000;
write("total", { minutes: round(minutes, 1), target_minutes: MINUTES, errors: failed, pass: minutes <= MINUTES });
for (const { measure, ...values } of missed) write("missed", { of: measure, ...values, pass: undefined });
// Not by itself: a browser that hangs would keep us.
process.exit(failed === 0 && missed.length === 0 ? 0 : 1);

/** Our own steps: whole, taken apart, and what memory they leave; linear evaluation with the smaller network. */
async function steps(device, setting) {
  const us = await ours(server.origin);
  try {
    // The smaller network says what adapter this is: an emulated one takes minutes for a step of the larger.
    const { adapter, software } = await us.open(device, device === "webgpu" ? "tiny" : setting, "full");
    const emulated = device === "webgpu" && software;
    if (emulated && setting === "r18") {
      write("skipped", { device, setting, why: `${adapter} emulates a GPU` });
      return;
    }
    if (device === "webgpu" && setting !== "tiny") await us.open(device, setting, "full");
    const { warm, steps, late } = plan(device, setting, software);
    const at = { device, adapter, software, setting };
    if (wants("step", "memory")) {
      const load = loadavg()[0];
      const warmed = await us.steps(warm);
      const timed = await us.steps(steps);
      const typical = median(timed.ms);
      if (wants("step")) {
        write("worker_start", { ...us.worker, setting });
        write("step", {
          ...at,
          kind: "full",
          ms_median: round(typical),
          ms_min: round(Math.min(...timed.ms)),
          cpu_ms: timed.cpu_ms === null ? null : round(timed.cpu_ms / steps),
          images_per_second: round((settings[setting].images * 1000) / typical),
          first_ms: round(warmed.ms[0]),
          kernels: round(timed.kernels),
          uploads: round(timed.uploads),
          tiled: timed.tiled,
          steps,
          warm_up: warm,
          loss: timed.losses.at(-1),
          load_average: round(load),
          browser: us.browser,
        });
      }
      if (wants("memory")) {
        const early = late > 0 ? timed.memory : warmed.memory;
        const end = late > 0 ? (await us.steps(late)).memory : timed.memory;
        const early_at_step = late > 0 ? warm + steps : warm;
        const grown = (name) => (early[name] ? round(end[name] / early[name] - 1, 4) : null);
        const growth = { wasm: grown("wasm_bytes"), reserved: grown("reserved_bytes") };
        const pass = Object.values(growth).every((part) => part === null || part <= 0.02);
        write("memory", { ...at, early, late: end, early_at_step, growth, target: 0.02, pass, steps: warm + steps + late });
      }
    }
    if (wants("saving")) {
      const { ms, held_up_ms, at_a_time_ms, bytes } = await us.saving(Math.min(steps, 8), 3);
      const [step, held, longest] = [ms, held_up_ms, at_a_time_ms].map((all) => round(median(all)));
      write("saving", { ...at, step_ms: step, held_up_ms: held, at_a_time_ms: longest, bytes, target_ms: step, pass: held <= step, steps: ms.length });
    }
    if (wants("parts")) {
      // The steps above compiled the kernels, but not those of the reads between the parts.
      const parts = await us.parts(setting, 1, Math.min(steps, 8));
      const names = ["augmentation", "forward", "backward", "optimizer"];
      const middle = Object.fromEntries(names.map((name) => [`${name}_ms`, round(median(parts.map((one) => one[name])))]));
      write("parts", { ...at, ...middle, together_ms: round(mean(parts.map((one) => names.reduce((sum, name) => sum + one[name], 0)))), steps: parts.length, warm_up: 1 });
    }
    // Emulated, it would take a quarter of an hour.
    if (wants("evaluation") && setting === "tiny" && !emulated) write("evaluation", { ...at, ...(await us.evaluation()) });
  } finally {
    await us.close();
  }
}
