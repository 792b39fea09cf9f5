// PyTorch, natively, with the same face as ours.mjs: what the machine can do outside a browser. Python must find it.
import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DEADLINE } from "./arguments.mjs";
import { within } from "./report.mjs";

export async function torch(setting, threads = cpus().length) {
  const script = fileURLToPath(new URL("peers/torch_step.py", import.meta.url));
  const python = process.env.PYTHON ?? "python3";
  const child = spawn(python, [script, setting, "--device", "cpu", "--threads", String(threads), "--serve"], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said = (said + text).slice(-500)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = new Promise((_, reject) => {
    child.on("error", (error) => reject(new Error(`${python}: ${error.message}`)));
    child.on("exit", () => reject(new Error(`${python} ended; it says: ${said.trim().split("\n").at(-1)}`)));
  });
  gone.catch(() => {});
  const next = (what) => within(DEADLINE, `torch: ${what}`, Promise.race([gone, lines.next().then(({ done, value }) => (done ? gone : JSON.parse(value)))]));
  const { version } = await next("starting");
  return {
    name: "torch",
    threads,
    browser: `torch ${version}`,
    /** { ms: [], losses: [], cpu_ms } */
    steps(count) {
      child.stdin.write(`${count}\n`);
      return next(`${count} steps`);
    },
    close: async () => void child.kill(),
  };
}
