//! The dependency rule where the compiler does not keep it, and a little tidiness, as tests over the sources.
//!
//! `core` depends on no other layer; `app` and `worker` speak only through `protocol`; `app` never links burn; `learn`
//! never names Leptos or web-sys.

#[allow(dead_code)]
#[path = "../src/app/routes.rs"]
mod routes;

use routes::ROUTES;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Our own layers; anything else in `src/` is a mistake.
const LAYERS: [&str; 5] = ["app", "core", "learn", "protocol", "worker"];

/// What each layer may name beside itself: our layers and the crates with a role in the rule.
const MAY_NAME: [(&str, &[&str]); 5] = [
    ("core", &["serde"]),
    ("protocol", &["core", "serde"]),
    ("learn", &["core", "serde", "burn", "kernels", "safetensors", "log"]),
    (
        "worker",
        &["core", "protocol", "learn", "serde", "burn", "safetensors", "log", "image", "zip", "postcard", "BROWSER"],
    ),
    ("app", &["core", "protocol", "serde", "leptos", "postcard", "BROWSER"]),
];

/// Crates that the rule speaks of; others (std above all) are free.
const WATCHED: [(&str, &[&str]); 9] = [
    ("serde", &["serde"]),
    ("burn", &["burn", "burn_cubecl", "burn_flex", "burn_wgpu", "burn_store", "cubecl", "wgpu"]),
    ("kernels", &["kernels"]),
    ("safetensors", &["safetensors"]),
    ("log", &["log"]),
    ("image", &["image"]),
    ("zip", &["zip"]),
    ("leptos", &["leptos"]),
    ("postcard", &["postcard"]),
];

/// The browser's crates.
const BROWSER: [&str; 4] = ["web_sys", "js_sys", "wasm_bindgen", "wasm_bindgen_futures"];

#[test]
fn every_module_names_only_what_its_layer_may() {
    let mut wrong = Vec::new();
    for (layer, may) in MAY_NAME {
        for path in sources(&src()).iter().filter(|path| layer_of(path).as_deref() == Some(layer)) {
            let code = code_of(&fs::read_to_string(path).unwrap());
            wrong.extend(forbidden(layer, may, &code).into_iter().map(|name| format!("{}: names {name}", shown(path))));
        }
    }
    assert!(wrong.is_empty(), "the dependency rule (src/lib.rs) is broken:\n{}", wrong.join("\n"));
}

#[test]
fn the_search_finds_what_it_is_for() {
    let may = |layer| MAY_NAME.iter().find(|(name, _)| *name == layer).unwrap().1;
    let named = |layer, code: &str| forbidden(layer, may(layer), &code_of(code)).join(" ");
    assert_eq!(named("core", "use crate::protocol::Request;"), "protocol");
    assert_eq!(named("core", "use crate::{core::rng, learn::loss};"), "learn");
    assert_eq!(named("core", "use crate::{\n    core::rng::{A, B},\n    worker,\n};"), "worker");
    assert_eq!(named("core", "fn f(x: burn::tensor::Tensor<1>) {}"), "burn");
    assert_eq!(named("core", "let x = simclr_lab::learn::f();"), "learn");
    assert_eq!(named("learn", "let w = web_sys::window();"), "web_sys");
    assert_eq!(named("learn", "let p = crate::protocol::VERSION;"), "protocol");
    assert_eq!(named("app", "use burn::prelude::*;"), "burn");
    assert_eq!(named("app", "crate::worker::start()"), "worker");
    assert_eq!(named("worker", "use leptos::*;"), "leptos");
    assert_eq!(named("protocol", "use postcard::to_allocvec;"), "postcard");
    // Words of prose and names that only begin alike are no use of a crate.
    assert_eq!(
        named("core", "// use burn::x\n/// [`crate::learn::lars`]\nlet a = \"burn::x\"; let b = self.log::<f32>();"),
        ""
    );
    assert_eq!(named("core", "use std::core::x; use crate::core::error; let image = 1; my_burn::f();"), "");
}

#[test]
fn every_file_belongs_to_a_layer() {
    let stray: Vec<String> = sources(&src())
        .iter()
        .filter(|path| layer_of(path).is_none_or(|layer| !LAYERS.contains(&layer.as_str())))
        .map(|path| shown(path))
        .filter(|path| path != "src/lib.rs" && !path.starts_with("src/bin/"))
        .collect();
    assert!(stray.is_empty(), "in no layer of src/lib.rs's table: {}", stray.join(", "));
}

/// The wall itself: the page's feature brings no tensors, the tensors' feature no browser.
#[test]
fn features_keep_tensors_and_browser_apart() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let feature = |name: &str| -> BTreeSet<String> {
        let line =
            manifest.lines().find(|line| line.starts_with(&format!("{name} = ["))).expect("a feature on one line");
        line.split('"').skip(1).step_by(2).map(String::from).collect()
    };
    let app = feature("app");
    for tensors in ["learn", "worker", "gpu"] {
        assert!(!app.contains(tensors), "the page's feature enables `{tensors}`");
    }
    for name in app.iter().filter_map(|entry| entry.strip_prefix("dep:")) {
        assert!(!["burn", "safetensors", "image", "zip"].contains(&name), "the page's feature links {name}");
    }
    for name in feature("learn") {
        assert!(!["leptos", "web-sys", "js-sys", "wasm-bindgen"].iter().any(|b| name.contains(b)), "{name}");
    }
    // The default is every layer, for `cargo test`, documents and editors: it would join the two halves of a bundle.
    for build in ["index.html", "xtask/src/worker.rs"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(build)).unwrap();
        assert!(text.contains("no-default-features"), "{build} builds with the default features");
    }
}

/// Browsers slow the timers of a hidden page down and stop its frames: what trains waits for neither.
#[test]
fn what_trains_waits_for_no_timer_and_no_frame() {
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        // What waits for a server trains nothing.
        if matches!(layer_of(&path).as_deref(), Some("worker" | "learn"))
            && !path.ends_with("weights_download/browser.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            wrong.extend(clocks(&text).into_iter().map(|name| format!("{}: names {name}", shown(&path))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(clocks("scope.set_timeout_with_callback(&f); // no setInterval"), ["settimeout"]);
    assert_eq!(clocks("Reflect::get(&scope, &\"requestAnimationFrame\".into())"), ["requestanimationframe"]);
    assert_eq!(clocks("gloo_timers::future::sleep(d)"), ["glootimers"]);
    assert!(clocks("let port = MessageChannel::new();").is_empty());
}

/// Timers and frame callbacks that the code names, also as a string; comments may.
fn clocks(text: &str) -> Vec<&'static str> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect();
    let code = code.to_lowercase().replace('_', "");
    ["settimeout", "setinterval", "requestanimationframe", "glootimers"]
        .into_iter()
        .filter(|name| code.contains(name))
        .collect()
}

#[test]
fn sources_are_tidy() {
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > 400 {
            eprintln!("{}: {lines} lines; over 400 is a sign to split", shown(&path));
        }
        if lines > 600 {
            wrong.push(format!("{}: {lines} lines; split it", shown(&path)));
        }
        let code = code_of(&text);
        for word in ["dbg!", "todo!", "unimplemented!"] {
            if code.contains(word) {
                wrong.push(format!("{}: {word}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Documents, and comments outside `src`, lead a reader to files and folders that exist.
#[test]
fn paths_that_are_named_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "BENCHMARKS.md"];
    let mut files: Vec<PathBuf> =
        documents.into_iter().chain(["Cargo.toml", "Trunk.toml", "index.html"]).map(|file| root.join(file)).collect();
    files.extend(["tests/bench", "tests/e2e", "xtask/src"].iter().flat_map(|folder| sources(&root.join(folder))));
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", shown(&file)));
        let missing = paths_in(&text).into_iter().filter(|path| !root.join(path).exists());
        wrong.extend(missing.map(|path| format!("{} names {path}", shown(&file))));
    }
    assert!(wrong.is_empty(), "no such file or folder:\n{}", wrong.join("\n"));
    assert_eq!(
        paths_in("`src/core/rng.rs`, (src/app/), xtask/src/split.rs. `src/**`"),
        ["src/core/rng.rs", "src/app/", "xtask/src/split.rs"]
    );
}

/// Paths into the folders of our own sources, each of whole words.
fn paths_in(text: &str) -> Vec<&str> {
    let of_a_path = |c: char| c.is_ascii_alphanumeric() || "/_-.*".contains(c);
    text.split(|c| !of_a_path(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| {
            ["src/", "tests/", "xtask/", "examples/", "style/"].iter().any(|folder| word.starts_with(folder))
        })
        .filter(|word| !word.contains('*') && !word.contains("node_modules"))
        .collect()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("inside the repository").to_string_lossy().replace('\\', "/")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("node_modules") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs" || e == "mjs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `src/core/rng.rs` and `src/core.rs` are both of layer `core`.
fn layer_of(path: &Path) -> Option<String> {
    let first = path.strip_prefix(src()).expect("inside src").components().next()?;
    Some(first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_string())
}

/// The code without comments and the content of strings, whitespace joined.
fn code_of(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let (mut quoted, mut chars) = (false, line.chars().peekable());
        while let Some(c) = chars.next() {
            match c {
                '\\' if quoted => drop(chars.next()),
                '"' => {
                    quoted = !quoted;
                    out.push('"');
                }
                '/' if !quoted && chars.peek() == Some(&'/') => break,
                c if !quoted => out.push(c),
                _ => {}
            }
        }
        out.push(' ');
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Layers and watched crates that the code names and its layer may not.
fn forbidden(layer: &str, may: &[&str], code: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for other in LAYERS.iter().filter(|other| **other != layer && !may.contains(*other)) {
        if names_layer(code, other) {
            found.push((*other).to_string());
        }
    }
    for (_, crates) in WATCHED.iter().filter(|(role, _)| !may.contains(role)) {
        found.extend(crates.iter().filter(|name| starts_path(code, name)).map(|name| (*name).to_string()));
    }
    if !may.contains(&"BROWSER") {
        found.extend(BROWSER.iter().filter(|name| starts_path(code, name)).map(|name| (*name).to_string()));
    }
    found
}

/// `crate::other`, `simclr_lab::other`, or `other` at the top level of `use crate::{…}`.
fn names_layer(code: &str, other: &str) -> bool {
    for root in ["crate::", "simclr_lab::"] {
        for (at, _) in code.match_indices(root) {
            let rest = code[at + root.len()..].trim_start();
            if word(rest) == other {
                return true;
            }
            let Some(group) = rest.strip_prefix('{') else { continue };
            if top_level(group).iter().any(|item| word(item.trim_start()) == other) {
                return true;
            }
        }
    }
    false
}

/// The items of a `use` group, cut at the commas that are not inside an inner group.
fn top_level(group: &str) -> Vec<String> {
    let (mut depth, mut items) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => items.push(String::new()),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => items.last_mut().expect("never empty").push(c),
            _ => {}
        }
    }
    items
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// `name::…` as the first part of a path, or `use name;`.
fn starts_path(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].trim_end();
        let joined = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
        let inside = before.ends_with("::") && !before.ends_with(" ::");
        let after = &code[at + name.len()..];
        let alone = before.ends_with("use") && (after.starts_with(';') || after.starts_with(" as "));
        !joined && !inside && ((after.starts_with("::") && !after.starts_with("::<")) || alone)
    })
}

/// The build preloads a route's chunk, so that chunk must hold the route's page.
#[test]
fn every_route_names_the_chunk_of_its_page() {
    let read = |file: &str| fs::read_to_string(src().join("app").join(file)).expect("a source file");
    let (main, chunks) = (read("mod.rs"), read("chunks.rs"));
    for route in ROUTES {
        let code = match route.chunk {
            None => Some(&main[..]),
            Some(chunk) => chunks.split("#[wasm_split(").find(|part| part.starts_with(&format!("{},", chunk.name()))),
        };
        let shows = format!("view! {{ <{:?} />", route.page);
        assert!(code.is_some_and(|code| code.contains(&shows)), "{} is not in {:?}", route.path, route.chunk);
    }
    let components = chunks.split("view! { <").skip(1).filter(|rest| rest.starts_with(char::is_uppercase));
    let shown = components.count();
    assert_eq!(shown, ROUTES.iter().filter(|route| route.chunk.is_some()).count(), "pages without a route");
}
