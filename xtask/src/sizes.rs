//! What a visitor downloads, against the budgets.

use crate::process::{Outcome, output, run};
use crate::setup::{TOOLS, Tools};
use crate::worker::WASM_OPT;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE_BUDGET: u64 = 400_000;
const WORKER_BUDGET: u64 = 4_000_000;

/// Measures what a release ships: the wasm of a test bundle is taken through
/// wasm-opt as in a release, on copies, the rest is the same in both.
pub fn check(tools: &Tools, dist: &Path) -> Outcome {
    let html = fs::read_to_string("index.html").map_err(|e| format!("cannot read index.html: {e}"))?;
    let options = page_options(&html)?;
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let scratch = Path::new(TOOLS).join("sizes");
    fs::create_dir_all(&scratch).map_err(|e| format!("cannot create {}: {e}", scratch.display()))?;
    let (mut page, mut worker) = (vec![dist.join("index.html")], vec![dist.join("worker.js")]);
    for entry in fs::read_dir(dist).map_err(|e| format!("cannot read {}: {e}", dist.display()))?.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("worker") && name.ends_with(".wasm") {
            worker.push(optimised(tools, &WASM_OPT, "worker.wasm", &path, &scratch)?);
        } else if name.ends_with(".wasm") {
            page.push(optimised(tools, &options, "app.wasm", &path, &scratch)?);
        } else if name.ends_with(".css") || (name.ends_with(".js") && name != "worker.js") {
            page.push(path);
        }
    }
    let page = measure("page", &page, PAGE_BUDGET);
    let worker = measure("worker", &worker, WORKER_BUDGET);
    page.and(worker)
}

/// A copy of `wasm` after wasm-opt with these options.
fn optimised(tools: &Tools, options: &[&str], name: &str, wasm: &Path, scratch: &Path) -> Outcome<PathBuf> {
    let to = scratch.join(name);
    run(Command::new(tools.wasm_opt()).arg(wasm).arg("-o").arg(&to).args(options))?;
    Ok(to)
}

/// What index.html gives Trunk for the page.
fn page_options(html: &str) -> Outcome<Vec<String>> {
    let attribute = |name: &str| {
        let value = html.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
        value.map(|(value, _)| value).ok_or_else(|| format!("index.html has no {name}"))
    };
    let level = format!("-O{}", attribute("data-wasm-opt")?);
    let more = attribute("data-wasm-opt-params")?.split_whitespace().map(String::from);
    Ok(std::iter::once(level).chain(more).collect())
}

/// Node has brotli; level 11 is what a host that compresses ahead of time ships.
const BROTLI: &str = "
const { readFileSync } = require('fs'), { brotliCompressSync, constants } = require('zlib');
let raw = 0, brotli = 0;
for (const file of process.argv.slice(1)) {
    const bytes = readFileSync(file);
    raw += bytes.length;
    brotli += brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
}
console.log(raw, brotli);";

fn measure(what: &str, files: &[PathBuf], budget: u64) -> Outcome {
    let said = output(Command::new("node").args(["-e", BROTLI, "--"]).args(files))?;
    let numbers: Vec<u64> = said.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [raw, brotli] = numbers[..] else { return Err(format!("no sizes of the {what}: node said `{said}`")) };
    println!("{what}: {raw} bytes raw, {brotli} bytes brotli (budget {budget})");
    if brotli <= budget { Ok(()) } else { Err(format!("the {what} is {brotli} bytes brotli, over its {budget}")) }
}
