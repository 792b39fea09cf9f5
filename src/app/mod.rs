//! The page: it draws and listens, and computes nothing. Everything that
//! trains lives in the worker, which [`client`] owns.
//!
//! | module | holds |
//! |---|---|
//! | [`client`] | the worker: loading it, asking it, noticing its death |
//! | [`clock`] | milliseconds since the page was opened |
//! | [`state`] | every fact that the page shows, as signals |
//! | [`chunks`] | which part of the program each page lies in; fetching it |
//! | [`routes`], [`router`] | which address shows which page; going there |
//! | [`pages`] | one module a page |
//! | [`parts`] | what several pages share: layout, notices, charts, pictures |
//! | [`reactive`] | Leptos' reactive values, small |
//! | [`text`] | every word that a user reads |

use leptos::prelude::*;

pub mod chunks;
pub mod client;
pub mod clock;
pub mod pages;
pub mod parts;
pub mod reactive;
pub mod router;
pub mod routes;
pub mod state;
pub mod text;

/// Mounts the page into the document's body.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    mount_to_body(routes::App);
}
