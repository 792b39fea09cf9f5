//! Which address shows which page; keep in step with `routes.txt`, from which
//! the build writes one `index.html` a route.

use super::chunks::{self, Page};
use super::client::Client;
use super::pages::home::Home;
use super::parts::layout::Layout;
use super::router::{Link, Router, base_url};
use super::state::Store;
use super::text::layout as text;
use crate::app::reactive::{act, live};
use leptos::prelude::*;

/// The whole program: store, worker and pages.
#[component]
pub fn App() -> impl IntoView {
    let store = Store::new();
    let router = Router::start();
    provide_context(store);
    super::state::hint::install(store);
    provide_context(router);
    provide_context(Client::new(store, base_url(), || Box::pin(chunks::load_all())));
    let coming = Coming::default();
    view! { <Layout>{live(move || page(&router.path.read(), coming))}</Layout> }
}

fn page(path: &str, coming: Coming) -> AnyView {
    let page = match path {
        "/" => return view! { <Home /> }.into_any(),
        "/data" => Page::Data,
        "/pretrain" => Page::Pretrain,
        "/evaluate" => Page::Evaluate,
        "/fine-tune" => Page::FineTune,
        "/classify" => Page::Classify,
        "/runs" => Page::Runs,
        "/lesson/nt-xent" => Page::NtXent,
        "/lesson/lars" => Page::Lars,
        "/help" => Page::Help,
        _ => return view! { <NotFound /> }.into_any(),
    };
    page.view().unwrap_or_else(|| coming.place(page))
}

/// What stands in place of a page whose chunk is on its way, or could not be had.
#[derive(Clone, Copy)]
struct Coming {
    /// Changes when a chunk has come.
    came: RwSignal<()>,
    failed: RwSignal<bool>,
}

impl Default for Coming {
    fn default() -> Self {
        Self { came: RwSignal::new(()), failed: RwSignal::new(false) }
    }
}

impl Coming {
    fn place(self, page: Page) -> AnyView {
        self.came.track();
        self.fetch(page);
        let again = move |_| self.fetch(page);
        view! {
            <div class="stack">
                {live(move || {
                    if self.failed.get() {
                        view! {
                            <h1>{text::PAGE_FAILED}</h1>
                            <p>{text::PAGE_FAILED_WHY}</p>
                            <button on:click=act(again)>{text::TRY_AGAIN}</button>
                        }
                            .into_any()
                    } else {
                        view! { <p class="muted" role="status">{text::PAGE_COMING}</p> }.into_any()
                    }
                })}
            </div>
        }
        .into_any()
    }

    fn fetch(self, page: Page) {
        self.failed.set(false);
        leptos::task::spawn_local(async move {
            if chunks::load(page.chunk()).await { self.came.set(()) } else { self.failed.set(true) }
        });
    }
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <h1>{text::NOT_FOUND}</h1>
        <p>
            <Link to="/">{text::NOT_FOUND_GO}</Link>
        </p>
    }
}
