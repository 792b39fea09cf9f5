//! The developer commands. `cargo xtask` alone prints what there is.

mod bench;
mod bundle;
mod finish;
mod linter;
mod phases;
mod process;
mod quality;
mod server;
mod setup;
mod sizes;
mod split;
mod worker;

use phases::Extent;
use process::Outcome;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask serve [--port N]      build the release page and serve it on localhost (port 8080)
cargo xtask test [--only PHASE]   run every quick test, or one phase of: fmt, clippy, native, bundle, sizes, browser
cargo xtask nightly               the same with the tests that take long
cargo xtask bench [--peers]       measure the release page in Chromium: a JSON line a measurement; with --peers beside other libraries.
                                  --only sizes,load,lessons,step,parts,memory,evaluation,encoders,peers  --device cpu,webgpu  --setting tiny,r18  --threads N
cargo xtask quality FOLDER        what the program learns, with three seeds, beside lightly in torch; FOLDER holds CIFAR-10's zips
cargo xtask corpus NAME           run the page of `test --only bundle` and store what it stores in tests/stored, for each release
cargo xtask setup                 install the pinned tools that serve and test need, and stop
cargo xtask help                  this text

`cargo xtask worker` and `cargo xtask finish` are Trunk's hooks; nothing else needs to call them.
What follows `--` goes to the runner of the one phase: cargo xtask test --only browser -- routes.spec.mjs";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(code) = worker::called_as_compiler(&args).or_else(|| linter::called_as_compiler(&args)) {
        return code;
    }
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Outcome {
    // Paths everywhere below are relative to the repository's root.
    let root = process::root();
    std::env::set_current_dir(&root).map_err(|e| format!("cannot enter {}: {e}", root.display()))?;

    let (own, rest) = match args.iter().position(|a| a == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &[][..]),
    };
    let words: Vec<&str> = own.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        ["serve"] => serve(8080),
        ["serve", "--port", port] => {
            serve(port.parse().map_err(|_| format!("--port wants a number from 0 to 65535, not `{port}`"))?)
        }
        ["test"] if rest.is_empty() => phases::run(Extent::Daily, None, &[]),
        ["test", "--only", phase] => phases::run(Extent::Daily, Some(phase), rest),
        ["nightly"] if rest.is_empty() => phases::run(Extent::Nightly, None, &[]),
        ["nightly", "--only", phase] => phases::run(Extent::Nightly, Some(phase), rest),
        ["bench", words @ ..] => bench::run_bench(words),
        ["corpus", name] => phases::corpus(name),
        ["quality", folder] => quality::run(folder),
        ["setup"] => setup::everything().map(|_| ()),
        ["worker"] => worker::hook(),
        ["finish"] => finish::hook(),
        other => Err(format!("`{}` is no command.\n\n{HELP}", other.join(" "))),
    }
}

fn serve(port: u16) -> Outcome {
    let listener = server::listen(port)?;
    let tools = setup::for_build()?;
    bundle::build(&tools, bundle::Kind::Release)?;
    server::serve(&listener, bundle::Kind::Release.dist())
}
