//! Trunk's hook that builds the worker, beside the page and as Trunk would.
//!
//! Trunk itself would give it the page's compiler flags, [`PAGE_FLAGS`], and everything of burn would be compiled once more for them.

use crate::process::{Outcome, output, run};
use crate::setup::WASM;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Leptos then joins views as boxed ones in place of a type for each (this took a seventh off the page's compressed
/// size), and the linker leaves the relocations that `split` follows. Cargo adds them to the flags of `.cargo/config.toml`.
pub const PAGE_FLAGS: [&str; 2] =
    ["CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg erase_components -Clink-args=--emit-relocs"];

/// Threads that share one memory, and what each needs for its own variables (wasm-bindgen asks for it). 4 GiB is all that
/// 32 bits can name. Cargo adds the flags to those of `.cargo/config.toml`.
const THREADS: &str = "-Ctarget-feature=+atomics -Clink-args=--shared-memory -Clink-args=--import-memory -Clink-args=--max-memory=4294967296 -Clink-args=--export=__wasm_init_tls -Clink-args=--export=__tls_size -Clink-args=--export=__tls_align -Clink-args=--export=__tls_base";

/// Set where this program is called as the compiler of [`threaded`].
const MARK: &str = "XTASK_THREADED";

/// Has Cargo build for the worker, whose CPU backend has threads (rayon's).
///
/// The standard library is compiled with it, for the one that rustup installs knows no threads in wasm. Cargo asks for a
/// switch there that the pinned stable toolchain has all the same.
pub fn threaded(cargo: &mut Command) -> Outcome<&mut Command> {
    let this = std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"))?;
    cargo.args(["--target", WASM, "--profile", "wasm", "--no-default-features", "--features", "worker,gpu"]);
    cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1").env(PAGE_FLAGS[0], THREADS);
    Ok(cargo.env("RUSTC_WRAPPER", this).env(MARK, "1"))
}

/// The compiler's end, where this program was called in its place.
///
/// wgpu lets its handles of the browser's objects pass to other threads only where it is compiled for none. burn takes
/// it that they may, and they never do: the worker's own thread has the device, and those of the pool compute on the CPU.
/// So wgpu is told that there are none, and the linker not to mind.
pub fn called_as_compiler(args: &[String]) -> Option<ExitCode> {
    std::env::var_os(MARK)?;
    let (program, args) = args.split_first()?;
    let of = |name: &str| args.windows(2).any(|pair| pair == ["--crate-name", name]);
    let mut compiler = Command::new(program);
    compiler.env_remove(MARK);
    if of("wgpu") {
        compiler.args(args).arg("--cfg=send_sync");
    } else if of("wgpu_types") {
        compiler.args(args.iter().filter(|arg| *arg != "-Ctarget-feature=+atomics"));
    } else {
        compiler.args(args);
        if of("worker") {
            compiler.arg("-Clink-args=--no-check-features");
        }
    }
    Some(match compiler.status() {
        Ok(status) => ExitCode::from(status.code().map_or(1, |code| code as u8)),
        Err(error) => {
            eprintln!("xtask: cannot start {program}: {error}");
            ExitCode::FAILURE
        }
    })
}

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
    run(threaded(cargo.args(["build", "--locked", "--bin", "worker"]))?)?;

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
