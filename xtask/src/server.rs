//! A static file server for localhost: files, folders' index.html, a redirect to the closing slash, and the headers that
//! isolate the page from other origins, which threads need.

use crate::process::Outcome;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Takes the port, 0 for any: before the build, whose minutes nobody wants to wait to hear that the port is in use.
pub fn listen(port: u16) -> Outcome<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .map_err(|e| format!("cannot listen on port {port}: {e}; choose another with --port N"))
}

/// Serves `dist` until the program is stopped.
pub fn serve(listener: &TcpListener, dist: &Path) -> Outcome {
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    // Browsers offer WebGPU on localhost without a certificate.
    println!("\nSimCLR Lab is at http://localhost:{port}/   (Ctrl-C stops it)");
    for stream in listener.incoming().flatten() {
        let dist = dist.to_path_buf();
        // A visitor who goes away in the middle is no error of the server's.
        std::thread::spawn(move || answer(stream, &dist).ok());
    }
    Ok(())
}

enum Reply {
    File(PathBuf),
    Redirect(String),
    Missing,
}

fn answer(mut stream: TcpStream, dist: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone()?.take(16 * 1024));
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }

    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
    if !matches!(method, "GET" | "HEAD") {
        return head(&mut stream, "405 Method Not Allowed", "text/plain", 0, "Allow: GET, HEAD\r\n");
    }
    match resolve(dist, target) {
        Reply::File(path) => {
            let body = fs::read(&path)?;
            head(&mut stream, "200 OK", content_type(&path), body.len(), "Cache-Control: no-cache\r\n")?;
            if method == "GET" { stream.write_all(&body) } else { Ok(()) }
        }
        Reply::Redirect(to) => {
            head(&mut stream, "301 Moved Permanently", "text/plain", 0, &format!("Location: {to}\r\n"))
        }
        Reply::Missing => {
            let body = "404: no such file\n";
            head(&mut stream, "404 Not Found", "text/plain; charset=utf-8", body.len(), "")?;
            stream.write_all(body.as_bytes())
        }
    }
}

fn head(stream: &mut TcpStream, status: &str, kind: &str, length: usize, more: &str) -> std::io::Result<()> {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Embedder-Policy: require-corp\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(text.as_bytes())
}

fn resolve(dist: &Path, target: &str) -> Reply {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    // The page's own files have plain names: an escape or a dotted part is never one of them.
    if !path.starts_with('/') || path.contains(['%', '\\']) || path.split('/').any(|part| part.starts_with('.')) {
        return Reply::Missing;
    }
    let file = dist.join(path.trim_matches('/'));
    if file.is_dir() {
        if !path.ends_with('/') {
            return Reply::Redirect(match query {
                Some(query) => format!("{path}/?{query}"),
                None => format!("{path}/"),
            });
        }
        let index = file.join("index.html");
        return if index.is_file() { Reply::File(index) } else { Reply::Missing };
    }
    if file.is_file() && !path.ends_with('/') { Reply::File(file) } else { Reply::Missing }
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()).unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let dist = std::env::temp_dir().join(format!("simclr-lab-server-{}", std::process::id()));
        fs::create_dir_all(dist.join("data")).unwrap();
        fs::write(dist.join("data/index.html"), "page").unwrap();
        fs::write(dist.join("a.wasm"), "wasm").unwrap();
        fs::write(dist.parent().unwrap().join("outside.txt"), "no").unwrap();
        dist
    }

    #[test]
    fn files_folders_and_nothing_outside() {
        let dist = folder();
        assert!(matches!(resolve(&dist, "/a.wasm?v=1"), Reply::File(p) if p.ends_with("a.wasm")));
        assert!(matches!(resolve(&dist, "/data/"), Reply::File(p) if p.ends_with("data/index.html")));
        assert!(matches!(resolve(&dist, "/data?x=1"), Reply::Redirect(to) if to == "/data/?x=1"));
        for bad in
            ["/missing", "/a.wasm/", "/../outside.txt", "/data/../../outside.txt", "/%2e%2e/outside.txt", "a.wasm"]
        {
            assert!(matches!(resolve(&dist, bad), Reply::Missing), "{bad}");
        }
    }

    #[test]
    fn a_port_in_use_is_named() {
        let first = listen(0).unwrap();
        let port = first.local_addr().unwrap().port();
        let error = listen(port).unwrap_err();
        assert!(error.contains(&format!("port {port}")) && error.contains("--port N"), "{error}");
    }

    #[test]
    fn wasm_has_the_type_that_streaming_compilation_wants() {
        assert_eq!(content_type(Path::new("dist/worker_bg.wasm")), "application/wasm");
        assert_eq!(content_type(Path::new("dist/app-1.js")), "text/javascript; charset=utf-8");
    }
}
