//! Trunk's post-build hook: makes the built page one that any plain file server can host under any path.
//!
//! - **Routes** are listed once, in `src/app/routes.rs`. Each gets its own `index.html`, the same page with a `<base href>` of `./`, `../`
//!   or `../../` after its depth. All addresses in the page are relative, so `document.baseURI` is always the folder that `dist/` lies in,
//!   and the page takes its router's base from it.
//!   The page's program is cut into chunks (`split`), and a route's page asks for its own at once.
//! - **Policy**: the page has a few inline scripts (Trunk's start script, the base for hosts without closing slashes); their SHA-256 hashes
//!   go into the content security policy. So do the hosts that published weights are fetched from: those of
//!   `src/core/hub_addresses.rs`, or those that `WEIGHTS_FROM` names.
//! - **Service worker**: a hash of the whole build, and what it has to keep for use offline.
//! - **Icon**: written into the page, because browsers ask for it again at every navigation, and once the worker has loaded the page makes no
//!   request at all.
//! - **Worker**: it is packed by gzip, for hosts that do not compress. Its sizes, packed and not (for the progress bar; where a host compresses,
//!   Content-Length is something else), and a hash of its content (a new page must not meet an old cached worker) go into two `<meta>` elements.

#[allow(dead_code)]
#[path = "../../src/core/hub_addresses.rs"]
mod addresses;
#[allow(dead_code)]
#[path = "../../src/app/routes.rs"]
pub mod routes;

use self::routes::{ROUTES, Route};
use crate::process::{Outcome, output};
use crate::split::{Chunks, split};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KEEPER: &str = "service-worker.js";

/// Works on the folder that Trunk is about to move into place.
pub fn hook() -> Outcome {
    let staging = std::env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from).ok_or(
        "`finish` is Trunk's hook and works on TRUNK_STAGING_DIR, which is not set: use `cargo xtask serve`, or `trunk build`",
    )?;
    let release = std::env::var_os("TRUNK_PROFILE").is_some_and(|profile| profile == "release");
    let other = std::env::var("WEIGHTS_FROM").unwrap_or_default();
    finish(&staging, &ROUTES, &split(&staging, release)?, &Weights::from(&other)?)
}

/// Where the page may fetch published weights from.
struct Weights {
    /// What the Hub's paths are put behind.
    address: String,
    /// Sources of the policy.
    hosts: String,
}

impl Weights {
    /// `other`: an address, and after it hosts that it leads to, if any; empty for the Hub. An address on the page's
    /// own host may begin with a dot or a slash.
    fn from(other: &str) -> Outcome<Self> {
        let mut all: Vec<&str> = other.split_whitespace().collect();
        if all.is_empty() {
            all = [&[addresses::HUB][..], &addresses::CONTENT_HOSTS].concat();
        }
        let mut hosts = Vec::new();
        for (at, address) in all.iter().enumerate() {
            let own = address.starts_with(['.', '/']);
            let plain = address.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/*".contains(c));
            let host = address.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http"));
            match host {
                Some((scheme, rest)) if plain && is_host(rest.split('/').next().unwrap_or_default(), at > 0) => {
                    hosts.push(format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()));
                }
                None if own && plain && !address.contains('*') => {}
                _ => {
                    return Err(format!(
                        "WEIGHTS_FROM: `{address}` is no address; one is https://host/path or ./path, and after the first it may be https://*.host.org"
                    ));
                }
            }
        }
        Ok(Self { address: all[0].to_string(), hosts: hosts.join(" ") })
    }
}

/// Whether it is a host, with a port or without; `*.` before one with a dot stands for all below it.
fn is_host(host: &str, wildcard: bool) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    let (below, dots) = match name.strip_prefix("*.") {
        Some(below) if wildcard => (below, 1),
        _ => (name, 0),
    };
    let parts: Vec<&str> = below.split('.').collect();
    parts.len() > dots && parts.iter().all(|part| !part.is_empty() && !part.contains('*'))
}

fn finish(dist: &Path, routes: &[Route], chunks: &Chunks, weights: &Weights) -> Outcome {
    check_styles(dist)?;
    let page = read(&dist.join("index.html"))?;
    let worker = [fs::read(dist.join("worker.js")), fs::read(dist.join("worker_bg.wasm"))];
    let [Ok(script), Ok(wasm)] = worker else {
        return Err(format!("{} holds no worker.js or worker_bg.wasm: did the worker build?", dist.display()));
    };
    let version = Sha256::new().chain_update(&script).chain_update(&wasm).finalize();
    let version: String = version.iter().take(8).map(|byte| format!("{byte:02x}")).collect();

    let packed = pack(&dist.join("worker_bg.wasm"))?;
    let page = fill(&page, "{{worker-bytes}}", &format!("{packed} {}", wasm.len()))?;
    let page = fill(&page, "{{worker-version}}", &version)?;
    let page = fill(&page, "{{weights-from}}", &weights.address)?;
    let page = fill(&page, "{{weights-hosts}}", &weights.hosts)?;
    let icon = fs::read(dist.join("icon.svg")).map_err(|e| format!("cannot read public/icon.svg: {e}"))?;
    let page = fill(&page, "{{icon}}", &STANDARD.encode(icon))?;
    let page = fill(&page, "{{script-hashes}}", &hashes(&page)?)?;
    let build = keep(dist, routes, &version, &page)?;
    let page = fill(&page, "{{build}}", &build)?;
    for Route { path: route, chunk, .. } in routes {
        let files = match chunk {
            None => &[][..],
            Some(chunk) => chunks.get(chunk.name()).ok_or_else(|| {
                let known: Vec<&str> = chunks.keys().map(String::as_str).collect();
                format!("{route} needs the chunk `{}`; the program has {}", chunk.name(), known.join(", "))
            })?,
        };
        // Asked for with the main module, not after it.
        let early: String = files.iter().map(|file| format!("<link rel=\"preload\" href=\"./{file}\" as=\"fetch\" type=\"application/wasm\" crossorigin=\"anonymous\">")).collect();
        let page = fill(&page, "</head>", &format!("{early}</head>"))?;
        let depth = route.split('/').filter(|part| !part.is_empty()).count();
        let base = if depth == 0 { "./".to_string() } else { "../".repeat(depth) };
        let folder = dist.join(route.trim_matches('/'));
        fs::create_dir_all(&folder).map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
        let file = folder.join("index.html");
        fs::write(&file, fill(&page, "{{base}}", &base)?)
            .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

fn fill(page: &str, mark: &str, value: &str) -> Outcome<String> {
    if page.contains(mark) {
        Ok(page.replace(mark, value))
    } else {
        Err(format!("index.html or {KEEPER}: `{mark}` is missing"))
    }
}

/// Tells the service worker what it keeps, and gives the build's hash.
///
/// `worker` is the worker's hash, `page` the page without the build's.
fn keep(dist: &Path, routes: &[Route], worker: &str, page: &str) -> Outcome<String> {
    let mut files = vec![format!("worker.js?v={worker}"), format!("worker_bg.wasm.gz?v={worker}")];
    for entry in fs::read_dir(dist).map_err(|e| format!("cannot read {}: {e}", dist.display()))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Trunk and `split` put hashes into the names of the page's files.
        if name.contains('-') && [".js", ".wasm", ".css"].iter().any(|end| name.ends_with(end)) && name != KEEPER {
            files.push(name);
        }
    }
    files.sort();
    let keeper = read(&dist.join(KEEPER))?;
    let hash = Sha256::new().chain_update(page).chain_update(&keeper).chain_update(files.join(" ")).finalize();
    let build: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let list = |names: Vec<String>| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let pages = routes.iter().map(|route| format!("{}/", route.path.trim_matches('/')).trim_start_matches('/').into());
    let keeper = fill(&keeper, "{{build}}", &build)?;
    let keeper = fill(&keeper, "{{pages}}", &list(pages.collect()))?;
    let keeper = fill(&keeper, "{{files}}", &list(files))?;
    let to = dist.join(KEEPER);
    fs::write(&to, keeper).map_err(|e| format!("cannot write {}: {e}", to.display()))?;
    Ok(build)
}

/// Packs a file by gzip into one beside it, and gives that one's bytes.
fn pack(file: &Path) -> Outcome<u64> {
    const GZIP: &str = "
const { readFileSync, writeFileSync } = require('fs'), { gzipSync } = require('zlib');
const packed = gzipSync(readFileSync(process.argv[1]), { level: 9 });
writeFileSync(process.argv[1] + '.gz', packed);
console.log(packed.length);";
    let said = output(Command::new("node").args(["-e", GZIP, "--"]).arg(file))?;
    said.trim().parse().map_err(|_| format!("node gave no size: `{said}`"))
}

/// The policy's sources for every inline script of the page.
///
/// A script is inline when its tag has no `src`; the hash is over the bytes
/// between the tags, as the policy's specification says.
fn hashes(page: &str) -> Outcome<String> {
    let mut sources = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find("<script") {
        rest = &rest[start..];
        let open = rest.find('>').ok_or("index.html: a <script> tag does not end")?;
        let close = rest.find("</script>").ok_or("index.html: a <script> has no </script>")?;
        if !rest[..open].contains(" src=") {
            sources.push(format!("'sha256-{}'", STANDARD.encode(Sha256::digest(&rest[open + 1..close]))));
        }
        rest = &rest[close..];
    }
    if sources.is_empty() {
        return Err("index.html: no inline script found, not even Trunk's start script".to_string());
    }
    Ok(sources.join(" "))
}

/// Trunk copies style sheets but does not bundle them, so an import would point at a file that is not there.
fn check_styles(dist: &Path) -> Outcome {
    for entry in fs::read_dir(dist).map_err(|e| format!("cannot read {}: {e}", dist.display()))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "css") && read(&path)?.contains("@import") {
            return Err(format!(
                "{}: @import is not bundled; give each style sheet its own <link> in index.html",
                path.display()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::routes::{Chunk, Page, route};
    use super::*;

    #[test]
    fn hash_of_an_inline_script_is_the_one_of_the_specification() {
        // The example of the Content Security Policy specification, section 8.3 of level 3.
        let page = "<script src='a.js'></script><script>alert('Hello, world.');</script>";
        let page = page.replace("src='a.js'", "defer src='a.js'");
        assert_eq!(hashes(&page).unwrap(), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
    }

    #[test]
    fn every_route_has_a_page_whose_base_leads_to_the_root() {
        let dist = std::env::temp_dir().join(format!("simclr-lab-finish-{}", std::process::id()));
        fs::create_dir_all(&dist).unwrap();
        let page = "<meta content=\"{{script-hashes}}\"><base href=\"{{base}}\"><meta content=\"{{worker-bytes}} {{worker-version}}\"><meta content=\"{{weights-from}} {{weights-hosts}}\"><link href=\"{{icon}}\"><meta content=\"{{build}}\"><script>1</script></head>";
        fs::write(dist.join("index.html"), page).unwrap();
        fs::write(dist.join("icon.svg"), "<svg/>").unwrap();
        fs::write(dist.join("worker.js"), "x").unwrap();
        fs::write(dist.join("app-1.css"), "x").unwrap();
        fs::write(dist.join(KEEPER), "{{build}} {{pages}} {{files}}").unwrap();
        fs::write(dist.join("worker_bg.wasm"), "four").unwrap();
        let routes = [
            route("/", Page::Home, None),
            route("/data", Page::Images, Some(Chunk::Work)),
            route("/lesson/lars", Page::Lars, None),
        ];
        let chunks = Chunks::from([("work".to_string(), vec!["shared-1.wasm".to_string(), "work-1.wasm".to_string()])]);
        let weights = Weights::from("").unwrap();
        finish(&dist, &routes, &chunks, &weights).unwrap();
        for (file, base) in [("index.html", "./"), ("data/index.html", "../"), ("lesson/lars/index.html", "../../")] {
            let text = fs::read_to_string(dist.join(file)).unwrap();
            assert!(text.contains(&format!("<base href=\"{base}\">")), "{file}: {text}");
            assert!(text.contains(" 4 ") && !text.contains("{{"), "{file}: {text}");
            assert_eq!(
                text.matches("rel=\"preload\"").count(),
                if file.starts_with("data") { 2 } else { 0 },
                "{file}: {text}"
            );
        }
        let kept = read(&dist.join(KEEPER)).unwrap();
        let (build, kept) = kept.split_once(' ').unwrap();
        assert!(kept.starts_with(r#""", "data/", "lesson/lars/" "app-1.css", "worker.js?v="#), "{kept}");
        assert!(read(&dist.join("index.html")).unwrap().contains(&format!("\"{build}\"")), "{build}");
        fs::write(dist.join("index.html"), page).unwrap();
        fs::write(dist.join(KEEPER), "{{build}} {{pages}} {{files}}").unwrap();
        assert!(finish(&dist, &routes, &Chunks::new(), &weights).unwrap_err().contains("`work`"));
        fs::remove_dir_all(&dist).unwrap();
    }

    #[test]
    fn weights_come_from_the_hub_or_from_where_they_are_said_to() {
        let from = |text: &str| Weights::from(text).map(|weights| (weights.address, weights.hosts));
        let (hub, hosts) = from("").unwrap();
        assert_eq!(hub, addresses::HUB);
        assert_eq!(hosts, format!("{hub} {}", addresses::CONTENT_HOSTS.join(" ")));
        let mirror = from(" https://mirror.org:8443/hub/ https://*.files.org ").unwrap();
        let hosts = "https://mirror.org:8443 https://*.files.org";
        assert_eq!(mirror, ("https://mirror.org:8443/hub/".to_string(), hosts.to_string()));
        assert_eq!(from("./weights").unwrap(), ("./weights".to_string(), String::new()));
        assert_eq!(from("http://localhost:8000/x").unwrap().1, "http://localhost:8000");
        let wrong = [
            "mirror.org",
            "https://a.org;script-src",
            "./a\"",
            "ftp://a.org",
            "./*",
            "https://*.a.org/x",
            "https://a*.org",
        ];
        for wrong in wrong.into_iter().chain(["https://", "https:///x", "https://:80/x", "https://a..org"]) {
            assert!(from(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
        for wrong in
            ["https://*", "https://*.org", "https://*.", "https://*.*.org", "https://a.*.org", "https://*:8443", "/*"]
        {
            assert!(from(&format!("https://a.org {wrong}")).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn every_route_is_plain_and_there_is_a_home_page() {
        assert!(ROUTES.iter().any(|route| route.path == "/"));
        for (i, Route { path, .. }) in ROUTES.iter().enumerate() {
            let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '/');
            let slashes = path.starts_with('/') && !path.contains("//") && (*path == "/" || !path.ends_with('/'));
            assert!(plain && slashes, "`{path}` is neither / nor /words/like-this");
            assert!(ROUTES[..i].iter().all(|other| other.path != *path), "{path} is there twice");
        }
    }
}
