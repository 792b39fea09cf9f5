//! One box of the chart.

use super::status::Status;
use crate::app::reactive::{live, memo};
use crate::app::router::Link;
use crate::app::state::Store;
use leptos::prelude::*;

/// A stage: symbol, name, what it is doing; opens `href`.
#[component]
pub fn Stage(
    place: &'static str,
    href: &'static str,
    symbol: &'static str,
    label: &'static str,
    status: fn(Store) -> Status,
    /// Something to see, where there is.
    #[prop(optional, into)]
    inside: Option<ViewFn>,
) -> impl IntoView {
    let store = Store::get();
    let status = memo(move || status(store));
    let kind = memo(move || status.with(Status::class));
    let part = memo(move || match status.get() {
        Status::Busy(_, part) => part.map(|p| (p * 100.0).floor()),
        _ => None,
    });
    view! {
        <li class=format!("step {place}")>
            <Link to=href attr:class=move || format!("node {}", kind.get())>
                <span class="symbol" aria-hidden="true">
                    {symbol}
                </span>
                <span class="label">{label}</span>
                <span class="status">
                    <span class="dot" aria-hidden="true"></span>
                    {live(move || status.with(|s| s.words().to_owned()))}
                </span>
                <span class="inside">{inside.map(|i| move || i.run())}</span>
                <span
                    class="node-bar"
                    aria-hidden="true"
                    class:shown=move || part.get().is_some()
                    style:--part=move || format!("{}%", part.get().unwrap_or(0.0))
                ></span>
            </Link>
        </li>
    }
}

/// What flows between stages, once for each of the two views, and its state.
#[component]
pub fn Pair(
    place: &'static str,
    href: &'static str,
    symbols: [&'static str; 2],
    labels: [&'static str; 2],
    status: fn(Store) -> Status,
    /// What stands in each, where there is something to see.
    #[prop(optional, into)]
    inside: Option<ViewFn>,
    #[prop(optional, into)] inside_second: Option<ViewFn>,
) -> impl IntoView {
    let [first, second] = symbols;
    let [first_label, second_label] = labels;
    let store = Store::get();
    let status = memo(move || status(store));
    let kind = memo(move || status.with(Status::class));
    let one = |symbol: &'static str, label: &'static str, inside: Option<ViewFn>| {
        view! {
            <Link to=href attr:class=move || format!("value {}", kind.get())>
                <span class="inside">{inside.map(|i| move || i.run())}</span>
                <span class="symbol" aria-hidden="true">
                    {symbol}
                </span>
                <span class="visually-hidden">{label} " "</span>
                <span class="status">
                    <span class="dot" aria-hidden="true"></span>
                    {live(move || status.with(|s| s.words().to_owned()))}
                </span>
            </Link>
        }
    };
    view! {
        <li class=format!("step pair {place}")>
            {one(first, first_label, inside)} {one(second, second_label, inside_second)}
        </li>
    }
}
