//! Cuts the page's program into the main module, which every page needs, and chunks that are fetched when a page of theirs opens.
//!
//! The cuts are the functions marked in `src/app/chunks.rs`; wasm_split_cli_support, which belongs to Leptos, follows the linker's relocations to
//! see what only a chunk reaches. Trunk knows nothing of this: it compiles and binds the whole program, and what it wrote is replaced here.

use crate::process::{Outcome, run};
use crate::setup::{TOOLS, WASM};
use crate::worker::{WASM_OPT, target_folder};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The files, by their names in the built page, that each chunk is made of.
pub type Chunks = BTreeMap<String, Vec<String>>;

/// Replaces the page's program in `dist` by its parts; `optimise` runs wasm-opt on each.
pub fn split(dist: &Path, optimise: bool) -> Outcome<Chunks> {
    let app = stem_of_app(dist)?;
    let whole = target_folder()?.join(WASM).join("page").join("app.wasm");
    let input = fs::read(&whole).map_err(|e| format!("cannot read {}: {e}", whole.display()))?;
    // By the content, as the page's other files are, so that an old cached chunk never meets a new program.
    let mark: String = Sha256::digest(&input).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let scratch = Path::new(TOOLS).join("split");
    fs::remove_dir_all(&scratch).ok();
    let (main, link, main_module) = (scratch.join("main.wasm"), format!("./chunks-{mark}.js"), format!("./{app}.js"));
    let mut options = wasm_split_cli_support::Options::new(&input);
    options.output_dir = &scratch;
    options.main_out_path = &main;
    options.link_name = &link;
    options.main_module = &main_module;
    let parts =
        wasm_split_cli_support::transform(options).map_err(|e| format!("cannot split {}: {e:?}", whole.display()))?;

    // Lld's exports are what the chunks link to.
    let mut bindgen = Command::new("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--no-demangle"]);
    bindgen.args(["--remove-name-section", "--remove-producers-section", "--out-name", &app, "--out-dir"]);
    run(bindgen.arg(dist).arg(&main))?;
    if optimise {
        let wasm = dist.join(format!("{app}_bg.wasm"));
        run(Command::new("wasm-opt").arg(&wasm).args(WASM_OPT).arg("-o").arg(&wasm))?;
    }

    let link = scratch.join(link);
    let mut script = fs::read_to_string(&link).map_err(|e| format!("cannot read {}: {e}", link.display()))?;
    for chunk in &parts.split_modules {
        let stem = chunk.file_stem().unwrap_or_default().to_string_lossy();
        let (was, is) = (format!("\"./{stem}.wasm\""), format!("\"./{stem}-{mark}.wasm\""));
        if !script.contains(&was) {
            return Err(format!("{}: nothing fetches {was}", link.display()));
        }
        script = script.replace(&was, &is);
        let to = dist.join(format!("{stem}-{mark}.wasm"));
        let done = if optimise {
            run(Command::new("wasm-opt").arg(chunk).args(WASM_OPT).arg("-o").arg(&to))
        } else {
            fs::copy(chunk, &to).map(|_| ()).map_err(|e| format!("cannot write {}: {e}", to.display()))
        };
        done?;
    }
    let to = dist.join(format!("chunks-{mark}.js"));
    fs::write(&to, script).map_err(|e| format!("cannot write {}: {e}", to.display()))?;
    let named = |stems: Vec<String>| stems.into_iter().map(|stem| format!("{stem}-{mark}.wasm")).collect();
    Ok(parts.prefetch_map.into_iter().map(|(chunk, stems)| (chunk, named(stems))).collect())
}

/// `app-` and a hash, which Trunk gave the program's files.
fn stem_of_app(dist: &Path) -> Outcome<String> {
    let entries = fs::read_dir(dist).map_err(|e| format!("cannot read {}: {e}", dist.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter_map(|name| name.strip_suffix("_bg.wasm").filter(|stem| stem.starts_with("app-")).map(String::from))
        .next()
        .ok_or_else(|| format!("{} holds no app-*_bg.wasm: did Trunk build the page?", dist.display()))
}
