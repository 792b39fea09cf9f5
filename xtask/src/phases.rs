//! `cargo xtask test`: every check in order, with the minutes of each.

use crate::bundle::{self, Kind};
use crate::process::{Outcome, run as run_program, say};
use crate::setup::{self, Tools};
use crate::sizes;
use crate::worker::PAGE_FLAGS;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

const NATIVE: [&str; 2] = ["--features", "worker,native"];

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
/// Later phases run although an earlier one failed, so that one run shows
/// everything there is to mend.
pub fn run(only: Option<&str>, rest: &[String]) -> Outcome {
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

    let (mut passed, mut failed, mut bundle_failed) = (0, 0, false);
    for phase in phases {
        if phase.needs_bundle() && bundle_failed {
            lines.push(format!("{:10} {:>12}  not run: there is no bundle", phase.name(), ""));
            failed += 1;
            continue;
        }
        say(phase.name());
        let begun = Instant::now();
        match one(phase, tools.as_ref(), rest) {
            Ok(()) => {
                passed += 1;
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

fn one(phase: Phase, tools: Option<&(Tools, PathBuf)>, rest: &[String]) -> Outcome {
    let built = || tools.ok_or_else(|| format!("{}: the tools are not set up", phase.name()));
    match phase {
        Phase::Fmt => run_program(&mut cargo(&["fmt", "--all", "--", "--check"])),
        Phase::Clippy => clippy(),
        Phase::Native => {
            let xtask = run_program(&mut cargo(&["test", "--locked", "--package", "xtask"]));
            xtask.and(run_program(cargo(&["test", "--locked", "--no-fail-fast"]).args(NATIVE).arg("--").args(rest)))
        }
        Phase::Bundle => bundle::build(&built()?.0, Kind::Test),
        Phase::Sizes => sizes::check(&built()?.0, Kind::Test.dist()),
        Phase::Browser => browser(&built()?.1, rest),
    }
}

/// Warnings are errors, in all three shapes that the code is compiled in, and in
/// `core` and `protocol` alone, which need nothing of the other layers.
///
/// `cargo clippy` would check every dependency once more, for metadata that no other
/// phase can use. As the compiler of our own crates alone (what cargo-clippy makes of
/// it, with the same variable) Clippy takes the dependencies that later phases need.
fn clippy() -> Outcome {
    setup::wasm_target()?;
    let lint = |args: &[&str]| {
        let mut command = cargo(args);
        command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", "-Dwarnings");
        command
    };
    run_program(&mut lint(&["check", "--locked", "--lib", "--no-default-features"]))?;
    run_program(&mut lint(&["test", "--no-run", "--locked", "--package", "xtask"]))?;
    run_program(lint(&["test", "--no-run", "--locked", "--all-targets"]).args(NATIVE))?;
    for (features, profile) in [("app", "page"), ("worker,gpu", "wasm")] {
        let mut wasm = lint(&["build", "--locked", "--lib", "--features", features]);
        wasm.args(["--target", setup::WASM, "--profile", profile]);
        if features == "app" {
            wasm.env(PAGE_FLAGS[0], PAGE_FLAGS[1]);
        }
        run_program(&mut wasm)?;
    }
    Ok(())
}

fn browser(chromium: &PathBuf, rest: &[String]) -> Outcome {
    let dist = std::path::absolute(Kind::Test.dist()).map_err(|e| e.to_string())?;
    if !dist.join("index.html").is_file() {
        return Err("there is no test bundle yet: run `cargo xtask test --only bundle` first".to_string());
    }
    let mut playwright = Command::new("npx");
    playwright.args(["--no-install", "playwright", "test"]).args(rest).current_dir(setup::NPM);
    run_program(playwright.env("CHROMIUM", chromium).env("DIST", dist))
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}
