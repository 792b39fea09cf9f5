//! Trunk's hook that builds the worker, beside the page and as Trunk would.
//!
//! Trunk itself would give it the page's compiler flags, [`PAGE_FLAGS`], and everything of burn would be compiled once more for them.

use crate::process::{Outcome, output, run};
use crate::setup::WASM;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Leptos then joins views as boxed ones in place of a type for each (this took a seventh off the page's compressed
/// size), and the linker leaves the relocations that `split` follows. Cargo adds them to the flags of `.cargo/config.toml`.
pub const PAGE_FLAGS: [&str; 2] =
    ["CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg erase_components -Clink-args=--emit-relocs"];

/// The worker's, without the page's.
pub const FEATURES: [&str; 3] = ["--no-default-features", "--features", "worker,gpu"];

/// wasm-opt's, for the page. Its -Oz is smaller than -O1 raw, but not compressed.
pub const WASM_OPT: [&str; 9] = [
    "-O1",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Leaves `worker.js` and `worker_bg.wasm` in the folder that Trunk fills.
pub fn hook() -> Outcome {
    let variable = |name: &str| {
        std::env::var_os(name).ok_or_else(|| {
            format!("`worker` is Trunk's hook and {name} is not set: use `cargo xtask serve`, or `trunk build`")
        })
    };
    let staging = PathBuf::from(variable("TRUNK_STAGING_DIR")?);
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--target", WASM, "--profile", "wasm", "--bin", "worker"]);
    run(cargo.args(FEATURES).env_remove(PAGE_FLAGS[0]))?;

    // wasm-opt is not for it: it was a fortieth larger after -O1, compressed, and took minutes.
    let built = target_folder()?.join(WASM).join("wasm").join("worker.wasm");
    let mut bindgen = Command::new("wasm-bindgen");
    run(bindgen
        .args(["--target", "web", "--no-typescript", "--out-name", "worker", "--out-dir"])
        .arg(&staging)
        .arg(built))
}

/// Where Cargo writes.
pub fn target_folder() -> Outcome<PathBuf> {
    let said = output(Command::new("cargo").args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))?;
    let after = said.split_once("\"target_directory\":\"").and_then(|(_, rest)| rest.split_once('"'));
    // JSON escapes the backslashes of Windows.
    let folder =
        after.map(|(folder, _)| folder.replace("\\\\", "\\")).ok_or("cargo metadata names no target folder")?;
    Ok(Path::new(&folder).to_path_buf())
}
