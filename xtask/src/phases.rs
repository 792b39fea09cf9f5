//! `cargo xtask test` and `cargo xtask nightly`: every check in order, with the minutes of each.

use crate::bundle::{self, Kind};
use crate::linter;
use crate::process::{Outcome, run as run_program, say};
use crate::setup::{self, Tools};
use crate::sizes;
use crate::worker::threaded;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// How much is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What must pass before a change lands.
    Daily,
    /// The same and what takes long: native tests marked `#[ignore]`, browser tests tagged `@nightly`.
    Nightly,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Fmt,
    Clippy,
    Native,
    Bundle,
    Sizes,
    Browser,
}

/// Quick answers first; the bundle before what needs it.
const ALL: [Phase; 6] = [Phase::Fmt, Phase::Clippy, Phase::Native, Phase::Bundle, Phase::Sizes, Phase::Browser];

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Phase::Fmt => "fmt",
            Phase::Clippy => "clippy",
            Phase::Native => "native",
            Phase::Bundle => "bundle",
            Phase::Sizes => "sizes",
            Phase::Browser => "browser",
        }
    }

    /// The two that look at the built page cannot run when it did not build.
    fn needs_bundle(self) -> bool {
        matches!(self, Phase::Sizes | Phase::Browser)
    }
}

/// Runs all phases, or the one named; fails when one has failed.
///
/// Later phases run although an earlier one failed, so that one run shows everything there is to mend.
pub fn run(extent: Extent, only: Option<&str>, rest: &[String]) -> Outcome {
    let phases: Vec<Phase> = match only {
        None => ALL.to_vec(),
        Some(name) => vec![
            ALL.into_iter()
                .find(|p| p.name() == name)
                .ok_or_else(|| format!("there is no phase `{name}`; there are {}", ALL.map(Phase::name).join(", ")))?,
        ],
    };

    let mut lines = Vec::new();
    let start = Instant::now();
    let needs_tools = phases.iter().any(|p| p.needs_bundle() || *p == Phase::Bundle);
    let tools = if needs_tools { Some(setup::everything()?) } else { None };
    if needs_tools {
        lines.push(line("set-up", start, "done"));
    }

    let (mut passed, mut failed, mut bundle_failed, mut linted) = (0, 0, false, false);
    for phase in phases {
        if phase.needs_bundle() && bundle_failed {
            lines.push(format!("{:10} {:>12}  not run: there is no bundle", phase.name(), ""));
            failed += 1;
            continue;
        }
        say(phase.name());
        let begun = Instant::now();
        match one(phase, extent, linted, tools.as_ref(), rest) {
            Ok(()) => {
                passed += 1;
                linted |= phase == Phase::Clippy;
                lines.push(line(phase.name(), begun, "ok"));
            }
            Err(message) => {
                failed += 1;
                bundle_failed |= phase == Phase::Bundle;
                eprintln!("xtask: {message}");
                lines.push(line(phase.name(), begun, "FAILED"));
            }
        }
    }

    println!("\n{}", lines.join("\n"));
    println!("{}", line("together", start, ""));
    println!("phases: {passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("the tests have not passed".to_string()) }
}

fn line(name: &str, since: Instant, result: &str) -> String {
    format!("{name:10} {:8.1} min  {result}", since.elapsed().as_secs_f64() / 60.0).trim_end().to_string()
}

/// `linted`: Clippy has passed in this run, so what it compiled can be tested.
fn one(phase: Phase, extent: Extent, linted: bool, tools: Option<&(Tools, PathBuf)>, rest: &[String]) -> Outcome {
    let built = || tools.ok_or_else(|| format!("{}: the tools are not set up", phase.name()));
    match phase {
        Phase::Fmt => run_program(&mut cargo(&["fmt", "--all", "--", "--check"])),
        Phase::Clippy => clippy(),
        Phase::Native => native(extent, linted, rest),
        Phase::Bundle => bundle::build(&built()?.0, Kind::Test),
        Phase::Sizes => sizes::check(&built()?.0, Kind::Test.dist()),
        Phase::Browser => browser(extent, &built()?.1, rest),
    }
}

/// Warnings are errors, in every shape of the code: `core` alone, xtask, everything natively, and the worker for WebGPU.
///
/// `cargo clippy` would check every dependency once more, for metadata that no other phase can use.
/// As the compiler of our own crates alone (see [`lint`]) Clippy takes the dependencies that later phases need.
/// Natively it also compiles the tests that [`native`] runs.
fn clippy() -> Outcome {
    setup::wasm_target()?;
    run_program(lint(&mut cargo(&["check", "--locked", "--lib", "--no-default-features"])))?;
    run_program(lint(&mut cargo(&["test", "--no-run", "--locked", "--package", "xtask", "--package", "kernels"])))?;
    run_program(lint(&mut cargo(&["test", "--no-run", "--locked", "--all-targets"])))?;
    // Page and worker type-check natively. Only the kernels for WebGPU are left; they need no code made of them.
    run_program(linter::only_lint(threaded(&mut cargo(&["build", "--locked", "--lib"]))?)?)
}

/// Clippy in rustc's place for our own crates, as cargo-clippy does it.
fn lint(command: &mut Command) -> &mut Command {
    command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", linter::ARGS)
}

fn native(extent: Extent, linted: bool, rest: &[String]) -> Outcome {
    let test = |words: &[&str], rest: &[String]| {
        let mut command = cargo(&["test", "--locked", "--no-fail-fast"]);
        command.args(words).arg("--").args(rest);
        if extent == Extent::Nightly {
            command.arg("--include-ignored");
        }
        run_program(if linted { lint(&mut command) } else { &mut command })
    };
    test(&["--package", "xtask", "--package", "kernels"], &[]).and(test(&[], rest))
}

/// Fills the folder NAME of `tests/stored` with everything that the built page stores in a browser; `tests/stored.rs` opens it ever after.
pub fn corpus(name: &str) -> Outcome {
    let folder = std::path::absolute(Path::new("tests/stored").join(name)).map_err(|e| e.to_string())?;
    run_program(playwright(&setup::everything()?.1, &[])?.env("CORPUS", folder))
}

fn browser(extent: Extent, chromium: &Path, rest: &[String]) -> Outcome {
    let mut playwright = playwright(chromium, rest)?;
    if extent == Extent::Nightly {
        playwright.env("NIGHTLY", "1");
    }
    run_program(&mut playwright)
}

fn playwright(chromium: &Path, rest: &[String]) -> Result<Command, String> {
    let dist = std::path::absolute(Kind::Test.dist()).map_err(|e| e.to_string())?;
    if !dist.join("index.html").is_file() {
        return Err("there is no test bundle yet: run `cargo xtask test --only bundle` first".to_string());
    }
    let mut playwright = Command::new("npx");
    playwright.args(["--no-install", "playwright", "test"]).args(rest).current_dir(setup::NPM);
    playwright.env("CHROMIUM", chromium).env("DIST", dist);
    Ok(playwright)
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}
