//! Which address shows which page; keep in step with `routes.txt`, from which
//! the build writes one `index.html` a route.

use super::client::Client;
use super::pages::{
    data::Data, evaluate::Evaluate, help::Help, home::Home, lars::Lars, nt_xent::NtXent, pretrain::Pretrain,
};
use super::parts::layout::Layout;
use super::parts::link::Link;
use super::state::Store;
use super::text::layout as text;
use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

/// The folder that the program lies in as a URL path without the closing
/// slash: `""` at the root of a host, `"/x"` under `/x/`.
///
/// `<base>` holds it: the build gives every route's `index.html` the right one.
pub fn base_path() -> String {
    let path = web_sys::Url::new(&base_url()).map(|u| u.pathname()).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// Absolute URL of the folder that the program lies in, with a closing slash.
pub fn base_url() -> String {
    document().base_uri().ok().flatten().unwrap_or_default()
}

/// The whole program: store, worker and router.
#[component]
pub fn App() -> impl IntoView {
    let store = Store::new();
    provide_context(store);
    provide_context(Client::new(store, base_url()));
    view! {
        <Router base=base_path()>
            <Layout>
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=Home />
                    <Route path=path!("/data") view=Data />
                    <Route path=path!("/pretrain") view=Pretrain />
                    <Route path=path!("/evaluate") view=Evaluate />
                    <Route path=path!("/lesson/nt-xent") view=NtXent />
                    <Route path=path!("/lesson/lars") view=Lars />
                    <Route path=path!("/help") view=Help />
                </FlatRoutes>
            </Layout>
        </Router>
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
