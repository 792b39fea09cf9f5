//! The frame of every page: skip link, header with navigation, messages, footer.

use super::notice::{Announcer, LiveRegion, Notices};
use super::{device::backend, widgets::Meter};
use crate::app::reactive::{Show, act, derive, memo};
use crate::app::state::{Store, WorkerState};
use crate::app::text::layout as text;
use crate::app::{router::Link, router::Router, text::units::bytes, text::units::bytes_of};
use leptos::html::Main;
use leptos::prelude::*;

#[component]
pub fn Layout(children: Children) -> impl IntoView {
    provide_context(Announcer::new());
    let store = Store::get();
    let device = move || store.device.with(|d| d.as_ref().map(|d| text::device(backend(&d.backend))));
    let offline = move || (store.offline.kept.get() > 0.0).then_some(text::OFFLINE);
    super::leave_guard::install(store);
    let main = NodeRef::<Main>::new();
    // A plain "#content" would lead to the root page, because of <base>.
    let skip = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if let Some(main) = main.get() {
            let _ = main.focus();
        }
    };
    // After a navigation the keyboard starts at the new page, not in the menu.
    let path = Router::get().path;
    Effect::new(move |first: Option<()>| {
        path.with(|_| ());
        if let (Some(()), Some(main)) = (first, main.get_untracked()) {
            // The page shows from its top, the header with it.
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = main.focus_with_options(&options);
        }
    });
    let page = move || {
        let path = path.read();
        text::LINKS.into_iter().find(|(route, _)| *route == *path).map_or(text::NOT_FOUND, |l| l.1)
    };
    Effect::new(move || document().set_title(&text::title(page())));
    view! {
        <a class="skip" href="#content" on:click=act(skip)>{text::SKIP}</a>
        <header class="site">
            <Link to="/" attr:class="brand">
                <Mark />
                {text::PROGRAM}
            </Link>
            <nav aria-label=text::NAVIGATION>
                <ul>
                    {text::LINKS
                        .map(|(href, label)| view! { <li><Link to=href>{label}</Link></li> })
                        .collect_view()}
                </ul>
            </nav>
        </header>
        <Notices />
        <WorkerLoading />
        <main id="content" tabindex="-1" node_ref=main>{children()}</main>
        <footer class="site"><p>{text::PRIVACY} " " {device} " " {offline}</p></footer>
        <LiveRegion />
    }
}

/// The logo: two overlapping views of one image.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
            <rect x="2" y="2" width="13" height="13" rx="4" />
            <rect x="9" y="9" width="13" height="13" rx="4" class="over" />
        </svg>
    }
}

/// Progress of the worker's download while it is under way.
#[component]
fn WorkerLoading() -> impl IntoView {
    let worker = Store::get().worker;
    let label = move || match worker.get() {
        WorkerState::Starting => text::STARTING_WORKER,
        _ => text::LOADING_WORKER,
    };
    let part = derive(move || match worker.get() {
        WorkerState::Loading { got, total: Some(total) } => Some(got / total),
        _ => None,
    });
    let detail = derive(move || match worker.get() {
        WorkerState::Loading { got, total: Some(total) } => bytes_of(got, total),
        WorkerState::Loading { got, total: None } => bytes(got),
        _ => String::new(),
    });
    let busy = memo(move || matches!(worker.get(), WorkerState::Loading { .. } | WorkerState::Starting));
    view! {
        <Show when=move || busy.get()>
            <section class="worker-loading" aria-label=label>
                <Meter label=label part=part detail=detail />
            </section>
        </Show>
    }
}
