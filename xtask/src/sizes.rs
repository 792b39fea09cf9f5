//! What a visitor downloads, against the budgets.

use crate::finish::routes::{ROUTES, Route};
use crate::process::{Outcome, output, run};
use crate::setup::{TOOLS, Tools};
use crate::worker::WASM_OPT;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// 400 KB are wanted; `/pretrain` has 401 since its presets say what they set (BENCHMARKS.md).
const PAGE_BUDGET: u64 = 404_000;
const WORKER_BUDGET: u64 = 4_000_000;
/// As it comes from a host that does not compress.
const PACKED_WORKER_BUDGET: u64 = 7_000_000;

/// Measures what a release ships: the page's modules of a test bundle are taken
/// through wasm-opt as in a release, on copies, the rest is the same in both.
///
/// The budget holds for each route alone: what its `index.html` names is what a
/// visitor with an empty cache fetches to see it.
pub fn check(tools: &Tools, dist: &Path) -> Outcome {
    let entries = fs::read_dir(dist).map_err(|e| format!("cannot read {}: {e}", dist.display()))?.flatten();
    let files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    let (worker, page): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| name_of(path).starts_with("worker"));
    let worker: Vec<_> = worker.into_iter().filter(|path| path.extension().is_none_or(|e| e != "gz")).collect();
    let packed = dist.join("worker_bg.wasm.gz");
    let packed = fs::metadata(&packed).map_err(|e| format!("cannot read {}: {e}", packed.display()))?.len();
    // The worker takes a core for minutes, and the page needs no more than the other.
    let sizes = std::thread::scope(|scope| {
        let worker = scope.spawn(|| measure(&worker));
        let page = optimised(tools, page).and_then(|page| measure(&page));
        let mut sizes = worker.join().map_err(|_| "the worker was not measured".to_string())??;
        sizes.extend(page?);
        Ok::<_, String>(sizes)
    })?;
    let sizes: BTreeMap<&str, [u64; 2]> = sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect();
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
    for Route { path, .. } in ROUTES {
        let html = dist.join(path.trim_matches('/')).join("index.html");
        let html = fs::read_to_string(&html).map_err(|e| format!("cannot read {}: {e}", html.display()))?;
        let mut named: Vec<&str> = sizes.keys().copied().filter(|name| html.contains(&format!("./{name}"))).collect();
        // The main module's script imports this one.
        named.extend(sizes.keys().find(|name| name.starts_with("chunks-")));
        named.push("index.html");
        against(&format!("page {path}"), sum(&named), PAGE_BUDGET);
    }
    against("worker", sum(&["worker.js", "worker_bg.wasm"]), WORKER_BUDGET);
    let plain = sum(&["worker.js"])[0] + packed;
    println!("worker from a host that does not compress: {plain} bytes (budget {PACKED_WORKER_BUDGET})");
    if plain > PACKED_WORKER_BUDGET {
        over.push(format!(
            "worker is {plain} bytes from a host that does not compress, over its {PACKED_WORKER_BUDGET}"
        ));
    }
    if over.is_empty() { Ok(()) } else { Err(over.join("; ")) }
}

/// The files of the page, its modules as wasm-opt leaves them in a release.
fn optimised(tools: &Tools, page: Vec<PathBuf>) -> Outcome<Vec<PathBuf>> {
    let scratch = Path::new(TOOLS).join("sizes");
    fs::create_dir_all(&scratch).map_err(|e| format!("cannot create {}: {e}", scratch.display()))?;
    let optimise = |path: PathBuf| {
        if path.extension().is_none_or(|e| e != "wasm") {
            return Ok(path);
        }
        let to = scratch.join(name_of(&path));
        run(Command::new(tools.wasm_opt()).arg(&path).arg("-o").arg(&to).args(WASM_OPT))?;
        Ok(to)
    };
    page.into_iter().map(optimise).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
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

/// Names, and bytes raw and brotli of each.
fn measure(files: &[PathBuf]) -> Outcome<Vec<(String, [u64; 2])>> {
    let said = output(Command::new("node").args(["-e", BROTLI, "--"]).args(files))?;
    let sizes = said.lines().filter_map(|line| {
        let (raw, brotli) = line.split_once(' ')?;
        Some([raw.parse().ok()?, brotli.parse().ok()?])
    });
    let sizes: Vec<(String, [u64; 2])> = files.iter().map(|path| name_of(path)).zip(sizes).collect();
    if sizes.len() == files.len() { Ok(sizes) } else { Err(format!("node gave no sizes: `{said}`")) }
}
