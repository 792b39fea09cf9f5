//! `cargo xtask bench`: the release page in Chromium, measured by tests/bench.

use crate::bundle::{self, Kind};
use crate::process::{Outcome, run, say};
use crate::setup;
use std::fs;
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "tests/bench";

/// Builds the release page and measures it; `words` go to tests/bench/main.mjs.
pub fn run_bench(words: &[&str]) -> Outcome {
    let (tools, chromium) = setup::everything()?;
    let with_peers = |topic| ["peers", "peer-encoders"].contains(&topic);
    if words.contains(&"--peers") || words.iter().any(|word| word.split(',').any(with_peers)) {
        peers()?;
    }
    bundle::build(&tools, Kind::Release)?;
    let dist = std::path::absolute(Kind::Release.dist()).map_err(|e| e.to_string())?;
    let mut node = Command::new("node");
    node.arg(Path::new(FOLDER).join("main.mjs")).args(words).arg("--dist").arg(dist);
    run(node.env("CHROMIUM", chromium))
}

/// The other libraries, when the lock file is not the one installed last.
fn peers() -> Outcome {
    let folder = Path::new(FOLDER).join("peers");
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).map_err(|e| format!("cannot read {}: {e}", lock.display()))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("installing the libraries that the bench compares with");
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}
