// Stands between the page and its worker: what the worker says can be held back, and words put into its mouth.
import { readFileSync } from "node:fs";

const source = (path) => readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8");

/** Names of an enum's variants, in order: postcard writes their numbers. */
function variants(path, name) {
  const body = new RegExp(`pub enum ${name} \\{\\n(.*?)\\n\\}`, "s").exec(source(path))[1];
  return [...body.matchAll(/^ {4}([A-Z]\w*)/gm)].map((match) => match[1]);
}

const events = variants("protocol.rs", "Event");
const states = variants("core/run_state.rs", "RunState");
const phases = variants("core/run_state.rs", "Phase");
const faults = variants("core/error.rs", "Fault");
const version = Number(/VERSION: u32 = (\d+)/.exec(source("protocol.rs"))[1]);

const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]);
const f32 = (...values) => [...new Uint8Array(Float32Array.from(values).buffer)];

function index(all, name) {
  const at = all.indexOf(name);
  if (at < 0) throw new Error(`there is no ${name} among ${all.join(", ")}`);
  return at;
}

/** An event that answers nobody, as bytes. */
const event = (name, ...body) => [0, index(events, name), ...body];

export const alive = event("Alive");
export const state = (name) => event("State", index(states, name));
export const phase = (name, percent) =>
  event("State", index(states, "Running"), index(phases, name), ...(percent === undefined ? [] : [percent]));
export const step = ({ step, epoch = 1, loss = 4, accuracy = 0.5, std = 0.088, rate = 0.1, ms = 100 }) =>
  event("Measured", 1, ...varint(step), ...varint(epoch), ...f32(loss, accuracy, std, rate, ms), 0, 0);
export const epoch = ({ epoch, knn }) => event("Measured", 0, 1, ...varint(epoch), ...f32(knn), 0);

/** Ended by a loss that is no number, as the worker tells it. */
export const notFinite = (step) => [event("Failed", index(faults, "NotFinite"), ...varint(step)), state("Failed")];

/** Before the page is opened: every worker that it starts can be held and spoken for. */
export const standIn = (page) =>
  page.addInitScript((names) => {
    const control = { until: null, held: null, worker: null, listener: null };
    window.standIn = control;
    const deliver = (event) => control.listener?.call(control.worker, event);
    /** The name of an event by its bytes: none or a request's number first. */
    const name = (data) => {
      const body = data?.body;
      if (!body) return "";
      let at = 1;
      if (body[0] === 1) while (body[at++] & 128);
      return names[body[at]];
    };
    window.Worker = class extends Worker {
      constructor(address, options) {
        super(address, options);
        // The threads of its pool have nothing to say.
        this.speaks = options?.name !== "pool";
        if (this.speaks) control.worker = this;
      }
      set onmessage(listener) {
        if (!this.speaks) return void (super.onmessage = listener);
        control.listener = listener;
        super.onmessage = (event) => {
          if (control.held) return control.held.push(event);
          deliver(event);
          if (control.until && name(event.data) === control.until) [control.held, control.until] = [[], null];
        };
      }
    };
    control.hold = () => (control.held ??= []);
    control.release = () => {
      const held = control.held ?? [];
      [control.held, control.until] = [null, null];
      held.forEach(deliver);
    };
    control.forget = () => ([control.held, control.until] = [null, null]);
    control.say = (version, bytes) => deliver(new MessageEvent("message", { data: { v: version, body: Uint8Array.from(bytes) } }));
  }, events);

/** From the next event of this name on, the worker is not heard. */
export const holdAfter = (page, name) => {
  index(events, name);
  return page.evaluate((name) => (window.standIn.until = name), name);
};
/** Resolves when `holdAfter` has taken effect. */
export const held = (page) => page.waitForFunction(() => window.standIn.held !== null);
export const hold = (page) => page.evaluate(() => void window.standIn.hold());
/** Ends the worker without the page's knowledge. */
export const silence = (page) => page.evaluate(() => window.standIn.worker.terminate());
/** What was held back is never heard. */
export const forget = (page) => page.evaluate(() => void window.standIn.forget());
export const release = (page) => page.evaluate(() => window.standIn.release());
/** Has the page hear `messages` from its worker. */
export const say = (page, ...messages) =>
  page.evaluate(([version, messages]) => messages.forEach((bytes) => window.standIn.say(version, bytes)), [version, messages]);

/** Steps 1 to `count`, in batches of a quarter of a second's worth of a fast device. */
export const sayManySteps = (page, count) =>
  page.evaluate(
    ([version, kind, count]) =>
      new Promise((resolve) => {
        const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]);
        let step = 0;
        const some = () => {
          const steps = [];
          const batch = Math.min(50, count - step);
          for (let i = 0; i < batch; i++) {
            step++;
            const values = Float32Array.of(3 + Math.sin(step / 500) + (step % 13) / 20, (step % 100) / 100, 0.08, 0.5, 5);
            steps.push(...varint(step), 1, ...new Uint8Array(values.buffer));
          }
          window.standIn.say(version, [0, kind, batch, ...steps, 0, 0]);
          step < count ? setTimeout(some, 5) : resolve();
        };
        some();
      }),
    [version, index(events, "Measured"), count],
  );
