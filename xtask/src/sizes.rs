//! What a visitor downloads, against the budgets.

use crate::finish::{Route, routes};
use crate::process::{Outcome, output, run};
use crate::setup::{TOOLS, Tools};
use crate::worker::WASM_OPT;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE_BUDGET: u64 = 400_000;
const WORKER_BUDGET: u64 = 4_000_000;

/// Measures what a release ships: the page's modules of a test bundle are taken
/// through wasm-opt as in a release, on copies, the rest is the same in both.
///
/// The budget holds for each route alone: what its `index.html` names is what a
/// visitor with an empty cache fetches to see it.
pub fn check(tools: &Tools, dist: &Path) -> Outcome {
    let scratch = Path::new(TOOLS).join("sizes");
    fs::create_dir_all(&scratch).map_err(|e| format!("cannot create {}: {e}", scratch.display()))?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dist).map_err(|e| format!("cannot read {}: {e}", dist.display()))?.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.ends_with(".wasm") && !name.starts_with("worker") {
            let to = scratch.join(&name);
            run(Command::new(tools.wasm_opt()).arg(&path).arg("-o").arg(&to).args(WASM_OPT))?;
            files.insert(name, to);
        } else if path.is_file() {
            files.insert(name, path);
        }
    }
    let all: Vec<PathBuf> = files.values().cloned().collect();
    let sizes: BTreeMap<&str, [u64; 2]> = files.keys().map(String::as_str).zip(measure(&all)?).collect();
    let sum = |names: &[&str]| {
        let of = names.iter().filter_map(|name| sizes.get(name));
        of.fold([0, 0], |[raw, brotli], size| [raw + size[0], brotli + size[1]])
    };

    let mut over = Vec::new();
    let mut against = |what: &str, [raw, brotli]: [u64; 2], budget| {
        println!("{what}: {raw} bytes raw, {brotli} bytes brotli (budget {budget})");
        if brotli > budget {
            over.push(format!("{what} is {brotli} bytes brotli, over its {budget}"));
        }
    };
    for Route { path, .. } in routes()? {
        let html = dist.join(path.trim_matches('/')).join("index.html");
        let html = fs::read_to_string(&html).map_err(|e| format!("cannot read {}: {e}", html.display()))?;
        let mut named: Vec<&str> = sizes.keys().copied().filter(|name| html.contains(&format!("./{name}"))).collect();
        // The main module's script imports this one.
        named.extend(sizes.keys().find(|name| name.starts_with("chunks-")));
        named.push("index.html");
        against(&format!("page {path}"), sum(&named), PAGE_BUDGET);
    }
    against("worker", sum(&["worker.js", "worker_bg.wasm"]), WORKER_BUDGET);
    if over.is_empty() { Ok(()) } else { Err(over.join("; ")) }
}

/// Node has brotli; level 11 is what a host that compresses ahead of time ships.
const BROTLI: &str = "
const { readFileSync } = require('fs'), { brotliCompressSync, constants } = require('zlib');
for (const file of process.argv.slice(1)) {
    const bytes = readFileSync(file);
    const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
    console.log(bytes.length, brotli.length);
}";

/// Bytes raw and brotli of each.
fn measure(files: &[PathBuf]) -> Outcome<Vec<[u64; 2]>> {
    let said = output(Command::new("node").args(["-e", BROTLI, "--"]).args(files))?;
    let sizes: Vec<[u64; 2]> = said
        .lines()
        .filter_map(|line| {
            let (raw, brotli) = line.split_once(' ')?;
            Some([raw.parse().ok()?, brotli.parse().ok()?])
        })
        .collect();
    if sizes.len() == files.len() { Ok(sizes) } else { Err(format!("node gave no sizes: `{said}`")) }
}
