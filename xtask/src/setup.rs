//! Installs what the two commands need, once, at pinned versions. What is there already in the right version is used.

use crate::process::{Outcome, find, output, run, say};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TRUNK: &str = "0.21.14";
/// What page and worker are compiled for.
pub const WASM: &str = "wasm32-unknown-unknown";
/// Programs from crates, for this checkout only; git ignores it.
pub const TOOLS: &str = ".tools";
/// Holds the lock file of everything from npm: wasm-opt (Debian's is too old
/// for the modules that rustc writes) and the browser test driver.
pub const NPM: &str = "tests/e2e";

/// The programs of a build.
pub struct Tools {
    pub trunk: PathBuf,
    wasm_bindgen: PathBuf,
    npm_programs: PathBuf,
}

impl Tools {
    pub fn wasm_opt(&self) -> PathBuf {
        self.npm_programs.join("wasm-opt")
    }

    /// PATH with these programs first: Trunk looks its tools up by name.
    pub fn path(&self) -> Outcome<OsString> {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let own = [self.npm_programs.clone(), folder_of(&self.wasm_bindgen), folder_of(&self.trunk)];
        std::env::join_paths(own.into_iter().chain(std::env::split_paths(&rest)))
            .map_err(|e| format!("cannot set PATH: {e}"))
    }
}

fn folder_of(program: &Path) -> PathBuf {
    program.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// Trunk, the wasm-bindgen CLI, wasm-opt.
pub fn for_build() -> Outcome<Tools> {
    with(|| Ok(())).map(|(tools, ())| tools)
}

/// The above and a Chromium, whose path is given.
pub fn everything() -> Outcome<(Tools, PathBuf)> {
    with(chromium)
}

/// The programs of a build, and what `more` installs after npm's packages.
///
/// Trunk is compiled meanwhile: it takes the longest, and downloads leave a core idle.
fn with<T: Send>(more: impl FnOnce() -> Outcome<T> + Send) -> Outcome<(Tools, T)> {
    node()?;
    wasm_target()?;
    let npm_programs = absolute(&Path::new(NPM).join("node_modules/.bin"))?;
    std::thread::scope(|scope| {
        let rest = scope.spawn(|| {
            npm()?;
            let more = more()?;
            // TLS is for another program of that package.
            let version = wasm_bindgen_version()?;
            let options = ["--no-default-features"];
            let wasm_bindgen = crate_program("wasm-bindgen-cli", "wasm-bindgen", &version, "1", &options)?;
            Ok((wasm_bindgen, more))
        });
        let trunk = crate_program("trunk", "trunk", TRUNK, "0", &["--no-default-features", "--features", "rustls"]);
        let (wasm_bindgen, more) = rest.join().unwrap_or_else(|_| Err("installing the tools broke off".to_string()))?;
        Ok((Tools { trunk: trunk?, wasm_bindgen, npm_programs }, more))
    })
}

/// The standard library for wasm, for the page, and its source, for the worker. rust-toolchain.toml names both, but
/// rustup adds them by itself only together with a toolchain that it installs, not to one that is there (nor where it
/// is told to install nothing unasked).
pub fn wasm_target() -> Outcome {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let rustlib = Path::new(&sysroot).join("lib/rustlib");
    if !rustlib.join(WASM).is_dir() {
        say(&format!("adding the target {WASM} with rustup"));
        run(Command::new("rustup").args(["target", "add", WASM]))?;
    }
    if !rustlib.join("src").join("rust").is_dir() {
        say("adding the standard library's source with rustup");
        run(Command::new("rustup").args(["component", "add", "rust-src"]))?;
    }
    Ok(())
}

fn node() -> Outcome {
    let version = output(Command::new("node").arg("--version"))?;
    let major: Option<u32> = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_some_and(|major| major >= 20) {
        Ok(())
    } else {
        Err(format!("Node 20 or later is needed; `node --version` says {version}"))
    }
}

/// The CLI and the crate must be the very same version, or the CLI refuses the module.
fn wasm_bindgen_version() -> Outcome<String> {
    let lock = fs::read_to_string("Cargo.lock").map_err(|e| format!("cannot read Cargo.lock: {e}"))?;
    let mut lines = lock.lines().skip_while(|line| *line != "name = \"wasm-bindgen\"");
    lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .map(String::from)
        .ok_or_else(|| "Cargo.lock names no wasm-bindgen version".to_string())
}

/// A program from crates.io: the one on PATH or installed here before if its version is right, else built from source
/// at this level of optimisation (a few minutes, once).
fn crate_program(package: &str, program: &str, version: &str, level: &str, options: &[&str]) -> Outcome<PathBuf> {
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let installed = absolute(&Path::new(TOOLS).join("bin").join(&name))?;
    let there = [Some(installed.clone()), find(&name)].into_iter().flatten().find(|path| {
        let said = output(Command::new(path).arg("--version")).unwrap_or_default();
        said.split_whitespace().nth(1) == Some(version)
    });
    if let Some(path) = there {
        return Ok(path);
    }

    say(&format!("installing {package} {version} into {TOOLS}/ (once; some minutes)"));
    let build = format!("{TOOLS}/build-{program}");
    let install = |locked: bool| {
        let mut cargo = Command::new("cargo");
        cargo.args([
            "install",
            package,
            "--version",
            &format!("={version}"),
            "--bin",
            program,
            "--root",
            TOOLS,
            "--force",
        ]);
        cargo.args(["--target-dir", &build]).args(options);
        if locked {
            cargo.arg("--locked");
        }
        // Their speed hardly matters, the time to build them does.
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level).env("CARGO_PROFILE_RELEASE_LTO", "false");
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        run(&mut cargo)
    };
    install(true).or_else(|error| {
        // A lock file can name a dependency that was withdrawn since.
        say(&format!("{error}; trying again with the newest dependencies that {package} allows"));
        install(false)
    })?;
    // Only the programs are kept.
    fs::remove_dir_all(build).ok();
    Ok(installed)
}

/// `npm ci`, when the lock file is not the one that was installed last.
fn npm() -> Outcome {
    let lock = Path::new(NPM).join("package-lock.json");
    let wanted = fs::read(&lock).map_err(|e| format!("cannot read {}: {e}", lock.display()))?;
    let stamp = Path::new(NPM).join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("installing wasm-opt and the browser test driver with npm");
    // Browsers are our own business: most machines have one.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(NPM).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run(&mut npm)?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

/// An installed Chromium, else Debian's package, else Playwright's download.
fn chromium() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM").map(PathBuf::from) {
        return if path.is_file() { Ok(path) } else { Err(format!("CHROMIUM is {}: no such file", path.display())) };
    }
    if let Some(path) = installed_chromium() {
        return Ok(path);
    }
    if let Some(rights) = debian() {
        say("installing Chromium with apt-get");
        let install = ["install", "-y", "--no-install-recommends", "chromium"];
        let packaged = run(&mut apt_get(rights, &["update"])).and_then(|()| run(&mut apt_get(rights, &install)));
        match (packaged, installed_chromium()) {
            (Ok(()), Some(path)) => return Ok(path),
            (Err(error), _) => say(&format!("{error}; taking Playwright's own Chromium")),
            (Ok(()), None) => say("the package brought no working Chromium; taking Playwright's own"),
        }
    }
    let path = match downloaded_chromium()? {
        Some(path) => path,
        None => {
            say("downloading Playwright's Chromium");
            run(Command::new("npx").args(["playwright", "install", "chromium"]).current_dir(NPM))?;
            downloaded_chromium()?.ok_or_else(|| {
                "no Chromium could be installed: install one yourself and set CHROMIUM to its path".to_string()
            })?
        }
    };
    // A download brings none of the system's libraries.
    let missing = output(Command::new("ldd").arg(&path)).map(|said| not_found(&said)).unwrap_or_default();
    if missing.is_empty() { Ok(path) } else { Err(libraries_missing(&path, &missing)) }
}

/// Libraries that `ldd` did not find.
fn not_found(said: &str) -> Vec<String> {
    let names = said.lines().filter_map(|line| line.split_once("=> not found")).map(|(name, _)| name.trim());
    names.map(String::from).collect()
}

fn libraries_missing(chromium: &Path, names: &[String]) -> String {
    format!(
        "{} lacks {} of the system's libraries: {}. Have them installed (`npx playwright install-deps chromium` in {NPM} asks for the password), \
         or any Chromium, and run this again; CHROMIUM names one that is not on PATH",
        chromium.display(),
        names.len(),
        names.join(", "),
    )
}

fn installed_chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mac = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    // Ubuntu's chromium-browser can be a note that says where to find a browser: only one that answers counts.
    let works = |path: &PathBuf| output(Command::new(path).arg("--version")).is_ok();
    names.iter().filter_map(|name| find(name)).chain(mac.is_file().then_some(mac)).find(works)
}

/// How packages may be installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rights {
    Root,
    /// Without a password.
    Sudo,
}

/// On Debian where packages may be installed.
fn debian() -> Option<Rights> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == "ID=debian") || find("apt-get").is_none() {
        return None;
    }
    if output(Command::new("id").arg("-u")).is_ok_and(|user| user == "0") {
        return Some(Rights::Root);
    }
    output(Command::new("sudo").args(["-n", "true"])).is_ok().then_some(Rights::Sudo)
}

fn apt_get(rights: Rights, words: &[&str]) -> Command {
    let quiet = "DEBIAN_FRONTEND=noninteractive";
    let mut command = match rights {
        Rights::Root => Command::new("env"),
        Rights::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "env"]);
            sudo
        }
    };
    command.args([quiet, "apt-get"]).args(words);
    command
}

fn downloaded_chromium() -> Outcome<Option<PathBuf>> {
    let ask = "import('@playwright/test').then(p => console.log(p.chromium.executablePath()))";
    let path = PathBuf::from(output(Command::new("node").args(["-e", ask]).current_dir(NPM))?);
    Ok(path.is_file().then_some(path))
}

fn absolute(path: &Path) -> Outcome<PathBuf> {
    std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_are_missing_are_named() {
        let said = "\tlinux-vdso.so.1 (0x1)\n\tlibnss3.so => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n\tlibgbm.so.1 => not found";
        assert_eq!(not_found(said), ["libnss3.so", "libgbm.so.1"]);
        let error = libraries_missing(Path::new("/x/chrome"), &not_found(said));
        assert!(error.contains("lacks 2") && error.contains("libnss3.so, libgbm.so.1"), "{error}");
    }

    #[test]
    fn packages_are_installed_with_the_rights_there_are() {
        let shown = |rights| format!("{:?}", apt_get(rights, &["update"])).replace('"', "");
        assert_eq!(shown(Rights::Root), "env DEBIAN_FRONTEND=noninteractive apt-get update");
        assert_eq!(shown(Rights::Sudo), "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update");
    }
}
