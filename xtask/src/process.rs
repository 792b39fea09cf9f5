//! Running other programs: what is run is shown, a failure says which program and how to go on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Every failure is a sentence for the person at the terminal.
pub type Outcome<T = ()> = Result<T, String>;

/// The repository's root.
///
/// `cargo run` says where it is; what was compiled in can be another checkout's when two share a target folder.
pub fn root() -> PathBuf {
    let here =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

/// Says what happens now, apart from the programs' own output.
pub fn say(message: &str) {
    eprintln!("==> {message}");
}

/// Runs to the end with the terminal's own input and output.
pub fn run(command: &mut Command) -> Outcome {
    let shown = describe(command);
    eprintln!("  $ {shown}");
    let status = command.status().map_err(|e| cannot_start(command, &e))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// Runs quietly and gives its output; errors carry what it said.
pub fn output(command: &mut Command) -> Outcome<String> {
    let shown = describe(command);
    let out = command.stdin(Stdio::null()).output().map_err(|e| cannot_start(command, &e))?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_string())
    } else {
        Err(format!("`{shown}` failed ({}): {}", out.status, String::from_utf8_lossy(&out.stderr).trim()))
    }
}

/// A program on PATH, by name.
pub fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let mut shown = program.into_owned();
    for arg in command.get_args() {
        shown.push(' ');
        shown.push_str(&arg.to_string_lossy());
    }
    shown
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    let program = command.get_program().to_string_lossy();
    let hint = match program.as_ref() {
        "npm" | "npx" | "node" => " (install Node 20 or later)",
        "cargo" | "rustup" => " (install rustup from https://rustup.rs)",
        _ => "",
    };
    format!("cannot start `{program}`: {error}{hint}")
}
