// One Chromium for each contestant, so that its CPU time is that of its own processes: on an emulated GPU the work is done in another one
// than the page's.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { say, within } from "./report.mjs";

// The driver that the browser tests install.
const { chromium } = createRequire(new URL("../e2e/package.json", import.meta.url))("@playwright/test");

const flags = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Milliseconds of one tick of /proc's clock: 100 a second on every Linux that Chromium runs on. */
const TICK = 10;

let count = 0;

/** Opens a browser; `cpu()` gives the milliseconds that all its processes have computed, null where the system does not tell. */
export async function open() {
  const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  const mark = `--bench-mark=${process.pid}-${count++}`;
  const browser = await chromium.launch({ executablePath, headless: true, args: [...flags, mark] });
  // A browser that does not even close any more is left behind: the measurements go on.
  const close = () => within(30, "closing the browser", browser.close()).catch((error) => say(error.message));
  return { browser, version: browser.version(), cpu: () => cpu(mark), close };
}

/** User and system time of the process whose command line has `mark`, and of all below it. */
function cpu(mark) {
  if (!existsSync("/proc/self/stat")) return null;
  const processes = new Map();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      // The program's name stands in brackets and may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const marked = readFileSync(`/proc/${name}/cmdline`, "utf8").includes(mark);
      processes.set(name, { parent: fields[1], ticks: Number(fields[11]) + Number(fields[12]), marked });
    } catch {
      // It ended while we looked.
    }
  }
  const ours = (id) => {
    for (let one = processes.get(id); one; one = processes.get(one.parent)) if (one.marked) return true;
    return false;
  };
  let ticks = 0;
  for (const [id, one] of processes) if (ours(id)) ticks += one.ticks;
  return ticks * TICK;
}
