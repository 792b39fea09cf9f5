//! Words around every page: header, footer, notices, the worker's state.

pub const PROGRAM: &str = "SimCLR Lab";
pub const SKIP: &str = "Skip to content";
pub const NAVIGATION: &str = "Stages";
/// Route, label.
pub const LINKS: [(&str, &str); 10] = [
    ("/", "Home"),
    ("/data", "Images"),
    ("/pretrain", "Pre-train"),
    ("/evaluate", "Evaluate"),
    ("/fine-tune", "Fine-tune"),
    ("/classify", "Try it"),
    ("/runs", "Runs"),
    ("/lesson/nt-xent", "NT-Xent"),
    ("/lesson/lars", "LARS"),
    ("/help", "Help"),
];
pub const PRIVACY: &str = "Your images stay on this device. Nothing is uploaded.";
/// After a panic of the page.
pub const PAGE_ENDED: &str =
    "Something went wrong in this page, and it no longer answers. Reload it: what was stored is unharmed.";
/// The whole program is kept in the browser.
pub const OFFLINE: &str = "Ready for use offline.";
pub const UPDATE: &str = "A new version of this page is ready.";
pub const TAKE_UPDATE: &str = "Reload to use it";

pub fn title(page: &str) -> String {
    format!("{page} · {PROGRAM}")
}

pub fn device(backend: &str) -> String {
    format!("Training device: {backend}.")
}

pub const NOT_FOUND: &str = "There is no page here";
pub const NOT_FOUND_GO: &str = "Go to the start";

pub const PAGE_COMING: &str = "Loading this page";
pub const PAGE_FAILED: &str = "This page could not be loaded";
pub const PAGE_FAILED_WHY: &str = "The connection may be down, or this site was renewed since you opened it. Try again, \
    or reload the page.";
pub const TRY_AGAIN: &str = "Try again";

pub const NOTICES: &str = "Messages";
pub const DISMISS: &str = "Dismiss";
pub const LOADING_WORKER: &str = "Loading the training program";
pub const STARTING_WORKER: &str = "Starting the training program";
pub const SILENT: &str = "The training program has not answered for a minute. A very slow step can take this long: \
    wait, or start it again.";
pub const DEAD: &str = "The training program has stopped.";
/// What a restart keeps.
pub const RESTARTED: &str = "After a restart your settings are still there and your images are loaded again; a run \
    goes on from where it was last saved.";
pub const RESTART: &str = "Restart";
pub const WAIT: &str = "Keep waiting";
