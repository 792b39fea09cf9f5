//! What a visitor downloads, against the budgets.

use crate::process::{Outcome, output, run};
use crate::setup::{TOOLS, Tools};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE_BUDGET: u64 = 400_000;
const WORKER_BUDGET: u64 = 4_000_000;

/// Measures what a release ships: the wasm of a test bundle is taken through
/// wasm-opt as index.html says, on copies, the rest is the same in both.
pub fn check(tools: &Tools, dist: &Path) -> Outcome {
    let html = fs::read_to_string("index.html").map_err(|e| format!("cannot read index.html: {e}"))?;
    let scratch = Path::new(TOOLS).join("sizes");
    fs::create_dir_all(&scratch).map_err(|e| format!("cannot create {}: {e}", scratch.display()))?;
    let (mut page, mut worker) = (vec![dist.join("index.html")], vec![dist.join("worker.js")]);
    for entry in fs::read_dir(dist).map_err(|e| format!("cannot read {}: {e}", dist.display()))?.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("worker") && name.ends_with(".wasm") {
            worker.push(optimised(tools, &html, "worker", &path, &scratch)?);
        } else if name.ends_with(".wasm") {
            page.push(optimised(tools, &html, "app", &path, &scratch)?);
        } else if name.ends_with(".css") || (name.ends_with(".js") && name != "worker.js") {
            page.push(path);
        }
    }
    let page = measure("page", &page, PAGE_BUDGET);
    let worker = measure("worker", &worker, WORKER_BUDGET);
    page.and(worker)
}

fn optimised(tools: &Tools, html: &str, bin: &str, wasm: &Path, scratch: &Path) -> Outcome<PathBuf> {
    let tag = html
        .split("<link")
        .find(|tag| tag.contains(&format!("data-bin=\"{bin}\"")))
        .ok_or_else(|| format!("index.html links no program `{bin}`"))?;
    let attribute = |name: &str| {
        let value = tag.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
        value.map(|(value, _)| value).ok_or_else(|| format!("index.html: `{bin}` has no {name}"))
    };
    let to = scratch.join(format!("{bin}.wasm"));
    let mut wasm_opt = Command::new(tools.wasm_opt());
    wasm_opt.arg(wasm).arg("-o").arg(&to);
    wasm_opt
        .arg(format!("-O{}", attribute("data-wasm-opt")?))
        .args(attribute("data-wasm-opt-params")?.split_whitespace());
    run(&mut wasm_opt)?;
    Ok(to)
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
