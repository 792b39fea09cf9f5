//! The page: it draws and listens. Everything that trains lives in the worker, which [`client`] owns.
//!
//! | module | holds |
//! |---|---|
//! | [`client`] | the worker: loading it, asking it, noticing its death |
//! | [`browser`] | the time, a memory from visit to visit, the clipboard, the focus |
//! | [`state`] | every fact that the page shows, as signals |
//! | [`chunks`] | the parts of the program that are fetched when a page needs them |
//! | [`routes`] | which address shows which page, and in which chunk it lies |
//! | [`router`] | the address, links, and going to a page |
//! | [`pages`] | one module a page |
//! | [`parts`] | what several pages share: layout, notices, charts, pictures |
//! | [`reactive`] | Leptos' reactive values, small |
//! | [`text`] | every word that a user reads |

pub mod browser;
pub mod chunks;
pub mod client;
pub mod pages;
pub mod parts;
pub mod reactive;
pub mod router;
pub mod routes;
pub mod state;
pub mod text;

use chunks::ChunkLoader;
use client::Client;
use leptos::prelude::*;
use pages::home::Home;
use parts::layout::Layout;
use reactive::live;
use router::{Link, Router};
use routes::ROUTES;
use state::Store;
use text::layout as words;

/// Mounts the page into the document's body.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        leptos::logging::error!("{panic}");
        tell_of_the_end();
    }));
    mount_to_body(App);
}

/// Says on top of the page that it answers no more: nothing of its program can be relied on after a panic.
fn tell_of_the_end() -> Option<()> {
    let document = web_sys::window()?.document()?;
    let (body, told) = (document.body()?, document.create_element("p").ok()?);
    told.set_class_name("page-ended");
    told.set_attribute("role", "alert").ok()?;
    told.set_text_content(Some(words::PAGE_ENDED));
    body.insert_before(&told, body.first_child().as_ref()).ok().map(drop)
}

/// The whole program: store, worker and pages.
#[component]
fn App() -> impl IntoView {
    let store = Store::default();
    let router = Router::start();
    provide_context(store);
    state::unfinished::install(store);
    state::lasting::install(store);
    state::offline::install(store.offline);
    provide_context(router);
    provide_context(Client::new(store, router::base_url(), || Box::pin(chunks::load_all())));
    let loader = ChunkLoader::default();
    view! { <Layout>{live(move || page(&router.path.read(), loader))}</Layout> }
}

fn page(path: &str, loader: ChunkLoader) -> AnyView {
    match ROUTES.iter().find(|route| route.path == path) {
        None => view! { <NotFound /> }.into_any(),
        Some(route) => match route.chunk {
            None => view! { <Home /> }.into_any(),
            Some(chunk) => loader.show(route.page, chunk),
        },
    }
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <h1>{words::NOT_FOUND}</h1>
        <p><Link to="/">{words::NOT_FOUND_GO}</Link></p>
    }
}
