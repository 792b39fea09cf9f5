//! Imports between the files of `src` never run in a circle, and in the worker only down its list of modules.
//!
//! An arrow runs from a file to the file that defines what it names. The test follows `use` items, paths in the code and in
//! macros, and every `pub use` to the file that defines the name. It leaves out tests, `mod` items and a `pub use` whose name
//! its own file does not use.

use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use syn::{Item, UseTree, Visibility};

#[test]
fn imports_never_run_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = |path: &str| fs::read_to_string(root.join(path)).ok();
    let circles = circles(&arrows(&sources));
    assert!(circles.is_empty(), "files import each other in a circle:\n{}", circles.join("\n"));
}

#[test]
fn the_workers_modules_use_only_those_listed_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = |path: &str| fs::read_to_string(root.join(path)).ok();
    let list = sources("worker/mod.rs").expect("the worker");
    let rows: Vec<&str> =
        list.lines().filter_map(|line| line.strip_prefix("//! | ")).filter_map(|row| row.split('`').nth(1)).collect();
    let place = |file: &str| {
        let name = file.strip_prefix("worker/")?.split(['/', '.']).next().filter(|name| *name != "mod")?;
        Some(rows.iter().position(|row| *row == name).unwrap_or_else(|| panic!("src/worker/mod.rs omits {name}")))
    };
    let arrows = arrows(&sources);
    let inside: Vec<_> = arrows.keys().filter_map(|(a, b)| Some((a, b, place(a)?, place(b)?))).collect();
    assert!(inside.len() > 50, "{} imports inside the worker", inside.len());
    let wrong: Vec<String> =
        inside.into_iter().filter(|(.., a, b)| a > b).map(|(a, b, ..)| format!("{a} -> {b}")).collect();
    assert!(wrong.is_empty(), "against the list of src/worker/mod.rs:\n{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_arrow_is_found() {
    let found = |files: &[(&str, &str)]| {
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let arrows = arrows(&|path| files.get(path).map(|text| (*text).to_string()));
        arrows.into_iter().map(|((from, to), _)| format!("{from}>{to}")).collect::<Vec<_>>().join(" ")
    };
    let lib = ("lib.rs", "mod a; mod b;");
    assert_eq!(found(&[lib, ("a.rs", "use crate::b::B;"), ("b.rs", "pub struct B;")]), "a.rs>b.rs");
    assert_eq!(found(&[lib, ("a.rs", "use super::b; fn f() { b::g() }"), ("b.rs", "pub fn g() {}")]), "a.rs>b.rs");
    assert_eq!(found(&[lib, ("a.rs", "fn f() { view! { <p>{crate::b::TEXT}</p> } }"), ("b.rs", "")]), "a.rs>b.rs");
    // A name is followed through `pub use`, and through its other name.
    let through = ("b/mod.rs", "mod c; pub use c::{C as D};");
    assert_eq!(found(&[lib, ("a.rs", "use crate::b::D;"), through, ("b/c.rs", "pub struct C;")]), "a.rs>b/c.rs");
    // A file that hands a name on depends on it only where it uses the name itself.
    let using = ("b/mod.rs", "mod c; pub use c::C; fn f(_: C) {}");
    assert_eq!(found(&[lib, ("a.rs", ""), using, ("b/c.rs", "pub struct C;")]), "b/mod.rs>b/c.rs");
    // A parent that calls its child, which takes a type of the parent.
    let parent = ("b.rs", "mod c; pub struct T; fn f() { c::g() }");
    assert_eq!(
        found(&[lib, ("a.rs", ""), parent, ("b/c.rs", "use super::T; pub fn g() {}")]),
        "b.rs>b/c.rs b/c.rs>b.rs"
    );
    // Tests, comments and strings draw no arrow.
    let quiet = "// crate::b::B\n#[cfg(test)] use crate::b::B; #[cfg(test)] mod t { use crate::b::B; } const A: &str = \"crate::b::B\";";
    assert_eq!(found(&[lib, ("a.rs", quiet), ("b.rs", "pub struct B;")]), "");
}

#[test]
fn circles_are_found_and_chains_are_not() {
    let draw = |pairs: &[(&str, &str)]| -> Arrows {
        pairs.iter().map(|(a, b)| ((a.to_string(), b.to_string()), BTreeSet::from(["x".to_string()]))).collect()
    };
    assert!(circles(&draw(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    let found = circles(&draw(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]));
    assert_eq!(found, ["3 files:\n  a -> b: x\n  b -> c: x\n  c -> a: x"]);
}

/// From a file to another, and the names that the first takes from the second.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// A module: the file that it stands in, and what it declares.
#[derive(Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// Name in this module, the path behind it, and whether others may take it from here.
    uses: Vec<(String, Vec<String>, bool)>,
    /// Every path that the code names, macros included.
    paths: BTreeSet<Vec<String>>,
}

/// Modules by their path from the root: `core::rng`.
type Tree = BTreeMap<Vec<String>, Module>;

fn arrows(source: &dyn Fn(&str) -> Option<String>) -> Arrows {
    let mut tree = Tree::new();
    read_file(source, &mut tree, &[], "lib.rs", "");
    let mut arrows = Arrows::new();
    for (at, module) in &tree {
        let imports = module.uses.iter().filter(|(.., handed_on)| !handed_on).map(|(_, path, _)| path);
        for path in imports.chain(&module.paths) {
            let handed_on = path.len() > 1 || module.uses.iter().any(|(name, _, on)| *on && *name == path[0]);
            let target = if handed_on { resolve(&tree, at, path, false, 0) } else { None };
            if let Some(to) = target.filter(|to| *to != module.file) {
                let name = path.last().cloned().unwrap_or_default();
                arrows.entry((module.file.clone(), to)).or_default().insert(name);
            }
        }
    }
    arrows
}

/// Reads a file and those that it declares. `folder`: where its children lie, empty or with a closing slash.
fn read_file(source: &dyn Fn(&str) -> Option<String>, tree: &mut Tree, at: &[String], file: &str, folder: &str) {
    let text = source(file).unwrap_or_else(|| panic!("there is no src/{file}"));
    let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("src/{file}: {e}"));
    read_items(source, tree, at, file, folder, parsed.items);
}

fn read_items(
    source: &dyn Fn(&str) -> Option<String>,
    tree: &mut Tree,
    at: &[String],
    file: &str,
    folder: &str,
    items: Vec<Item>,
) {
    let mut module = Module { file: file.to_string(), ..Module::default() };
    for item in items {
        match item {
            Item::Mod(m) if is_test(&m.attrs) => {}
            Item::Mod(m) => {
                let name = m.ident.to_string();
                let (child, inner) = ([at, std::slice::from_ref(&name)].concat(), format!("{folder}{name}/"));
                match m.content {
                    Some((_, items)) => read_items(source, tree, &child, file, &inner, items),
                    None => {
                        let plain = format!("{folder}{name}.rs");
                        let found = if source(&plain).is_some() { plain } else { format!("{inner}mod.rs") };
                        read_file(source, tree, &child, &found, &inner);
                    }
                }
                module.children.insert(name);
            }
            Item::Use(u) if is_test(&u.attrs) => {}
            Item::Use(u) => {
                let handed_on = !matches!(u.vis, Visibility::Inherited);
                flatten(&u.tree, &mut Vec::new(), &mut |name, path| module.uses.push((name, path, handed_on)));
            }
            Item::Fn(f) if is_test(&f.attrs) => {}
            Item::Impl(i) if is_test(&i.attrs) => {}
            other => paths_of(other.to_token_stream(), &mut module.paths),
        }
    }
    tree.insert(at.to_vec(), module);
}

/// `#[cfg(test)]`, also beside other conditions, and `#[test]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        let text = a.meta.to_token_stream().to_string();
        text == "test" || (text.starts_with("cfg") && text.contains("test") && !text.contains("not"))
    })
}

/// Each name that a `use` brings, with the whole path behind it. A glob brings its module under the name `*`.
fn flatten(tree: &UseTree, before: &mut Vec<String>, found: &mut impl FnMut(String, Vec<String>)) {
    let mut take = |before: &[String], ident: &syn::Ident, name: &syn::Ident| {
        let whole = if ident == "self" { before.to_vec() } else { [before, &[ident.to_string()]].concat() };
        let name = if name == "self" { whole.last().cloned().unwrap_or_default() } else { name.to_string() };
        found(name, whole);
    };
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) => take(before, &name.ident, &name.ident),
        UseTree::Rename(rename) => take(before, &rename.ident, &rename.rename),
        UseTree::Glob(_) => found("*".to_string(), before.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
    }
}

/// Sequences of names joined by `::`. A name behind a dot is a field or a method and begins none.
fn paths_of(stream: proc_macro2::TokenStream, found: &mut BTreeSet<Vec<String>>) {
    use proc_macro2::TokenTree::{Group, Ident, Punct};
    let (mut path, mut colons, mut dot): (Vec<String>, u8, bool) = (Vec::new(), 0, false);
    let end = |path: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>| {
        if !path.is_empty() {
            found.insert(std::mem::take(path));
        }
    };
    for token in stream {
        match token {
            Ident(ident) => {
                if colons != 2 {
                    end(&mut path, found);
                }
                if !(dot || (colons == 2 && path.is_empty())) {
                    path.push(ident.to_string());
                }
                (colons, dot) = (0, false);
            }
            Punct(p) if p.as_char() == ':' => colons += 1,
            other => {
                end(&mut path, found);
                colons = 0;
                dot = matches!(&other, Punct(p) if p.as_char() == '.');
                if let Group(group) = other {
                    paths_of(group.stream(), found);
                }
            }
        }
    }
    end(&mut path, found);
}

/// The file that defines what `path` names, as seen in the module `at`; nothing for other crates and local names.
/// `outside`: the path comes from elsewhere, so a name that the module neither declares nor imports is an item of its file.
fn resolve(tree: &Tree, at: &[String], path: &[String], outside: bool, depth: usize) -> Option<String> {
    let module = tree.get(at)?;
    let Some((first, rest)) = path.split_first() else { return Some(module.file.clone()) };
    // `use log::log` would be followed for ever.
    if depth > 20 {
        return None;
    }
    match first.as_str() {
        "crate" => resolve(tree, &[], rest, true, depth),
        "self" => resolve(tree, at, rest, true, depth),
        "super" => resolve(tree, &at[..at.len().checked_sub(1)?], rest, true, depth),
        name if module.children.contains(name) => resolve(tree, &[at, &[name.to_string()]].concat(), rest, true, depth),
        name => match module.uses.iter().find(|(used, ..)| used == name) {
            Some((_, behind, _)) => resolve(tree, at, &[behind.as_slice(), rest].concat(), false, depth + 1),
            None => outside.then(|| module.file.clone()),
        },
    }
}

/// Groups of files that reach each other, each with its arrows.
fn circles(arrows: &Arrows) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in arrows.keys() {
        next.entry(from).or_default().insert(to);
    }
    let reached = |from: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(file) = open.pop() {
            for to in next.get(file).into_iter().flatten() {
                if seen.insert((*to).to_string()) {
                    open.push(to);
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&str, BTreeSet<String>> = next.keys().map(|file| (*file, reached(file))).collect();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for (file, far) in reach.iter().filter(|(file, far)| far.contains(**file)) {
        if !told.insert(file) {
            continue;
        }
        let circle: BTreeSet<&str> =
            reach.iter().filter(|(f, r)| far.contains(**f) && r.contains(*file)).map(|(f, _)| *f).collect();
        told.extend(&circle);
        let inside = arrows.iter().filter(|((a, b), _)| circle.contains(a.as_str()) && circle.contains(b.as_str()));
        let lines = inside.map(|((a, b), names)| {
            format!("  {a} -> {b}: {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        });
        found.push(format!("{} files:\n{}", circle.len(), lines.collect::<Vec<_>>().join("\n")));
    }
    found
}
