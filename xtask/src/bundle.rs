//! Builds the page and the worker with Trunk.

use crate::process::{Outcome, run, say};
use crate::setup::Tools;
use crate::worker::PAGE_FLAGS;
use std::path::Path;
use std::process::Command;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What is served and hosted: wasm-opt has run.
    Release,
    /// The same code from the same Cargo profile without wasm-opt, so that it
    /// shares every compiled dependency and is ready minutes earlier.
    Test,
}

impl Kind {
    pub fn dist(self) -> &'static Path {
        Path::new(match self {
            Kind::Release => "dist",
            Kind::Test => "dist-test",
        })
    }
}

pub fn build(tools: &Tools, kind: Kind) -> Outcome {
    say(match kind {
        Kind::Release => "building the release page (the first build takes about ten minutes, most of it burn)",
        Kind::Test => "building the page for the browser tests",
    });
    let mut trunk = Command::new(&tools.trunk);
    trunk.env("PATH", tools.path()?).env("NO_COLOR", "true").args(["build", "--dist"]).arg(kind.dist());
    if kind == Kind::Release {
        trunk.arg("--release");
    }
    let [name, flags] = PAGE_FLAGS;
    run(trunk.env(name, flags))
}
