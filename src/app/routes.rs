//! Which address shows which page; keep in step with `routes.txt`, from which
//! the build writes one `index.html` a route.

use super::client::Client;
use super::pages::{
    classify::Classify, data::Data, evaluate::Evaluate, fine_tune::FineTune, help::Help, home::Home, lars::Lars,
    nt_xent::NtXent, pretrain::Pretrain,
};
use super::parts::layout::Layout;
use super::parts::link::Link;
use super::router::{Router, base_url};
use super::state::Store;
use super::text::layout as text;
use leptos::prelude::*;

/// The whole program: store, worker and pages.
#[component]
pub fn App() -> impl IntoView {
    let store = Store::new();
    let router = Router::start();
    provide_context(store);
    provide_context(router);
    provide_context(Client::new(store, base_url()));
    view! { <Layout>{move || page(&router.path.read())}</Layout> }
}

fn page(path: &str) -> AnyView {
    match path {
        "/" => view! { <Home /> }.into_any(),
        "/data" => view! { <Data /> }.into_any(),
        "/pretrain" => view! { <Pretrain /> }.into_any(),
        "/evaluate" => view! { <Evaluate /> }.into_any(),
        "/fine-tune" => view! { <FineTune /> }.into_any(),
        "/use" => view! { <Classify /> }.into_any(),
        "/lesson/nt-xent" => view! { <NtXent /> }.into_any(),
        "/lesson/lars" => view! { <Lars /> }.into_any(),
        "/help" => view! { <Help /> }.into_any(),
        _ => view! { <NotFound /> }.into_any(),
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
