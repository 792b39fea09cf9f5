//! Lints a library whose dependencies are compiled, without making code of it.
//!
//! Cargo can check a library, but then it checks the dependencies too, in a form that no build can use.
//! Here Cargo builds, with this program as the compiler of our own crates: it calls Clippy and takes the wish for code out of its arguments.
//! Cargo notices that there is no library and would build it again next time, which is what a linter should do.

use crate::process::Outcome;
use std::process::{Command, ExitCode};

/// Warnings are errors.
pub const ARGS: &str = "-Dwarnings";

/// Set where this program is called as a compiler.
const MARK: &str = "XTASK_LINTS";

/// Has Cargo's build lint and make no code.
pub fn only_lint(build: &mut Command) -> Outcome<&mut Command> {
    let this = std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"))?;
    Ok(build.env("RUSTC_WORKSPACE_WRAPPER", this).env("CLIPPY_ARGS", ARGS).env(MARK, "1"))
}

/// Clippy's end, where this program was called as a compiler.
pub fn called_as_compiler(args: &[String]) -> Option<ExitCode> {
    std::env::var_os(MARK)?;
    let args = args.iter().map(|arg| without_code(arg));
    let status = Command::new("clippy-driver").args(args).status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: cannot start clippy-driver: {error}");
            ExitCode::FAILURE
        }
    })
}

fn without_code(arg: &str) -> String {
    match arg.strip_prefix("--emit=") {
        Some(kinds) => {
            format!("--emit={}", kinds.split(',').filter(|kind| *kind != "link").collect::<Vec<_>>().join(","))
        }
        None => arg.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_asked_for() {
        assert_eq!(without_code("--emit=dep-info,metadata,link"), "--emit=dep-info,metadata");
        assert_eq!(without_code("-Copt-level=3"), "-Copt-level=3");
    }
}
