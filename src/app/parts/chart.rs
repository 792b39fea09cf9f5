//! A line chart: one curve, horizontal lines that say what its height means, the
//! newest value in words, and a table behind it.

use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::chart as text;
pub use crate::core::plot::Rule;
use crate::core::plot::{Drawing, draw, spread};
use leptos::prelude::*;

/// Rows of the table at most.
const ROWS: usize = 60;

/// `x_name` heads the table's first column; `help` is a sentence on how to read
/// the chart.
#[component]
pub fn Chart(
    title: &'static str,
    help: &'static str,
    x_name: &'static str,
    #[prop(into)] points: Signal<Vec<(f64, f64)>>,
    #[prop(into, optional)] rules: Signal<Vec<Rule>>,
    format: fn(f64) -> String,
    /// Takes the whole row.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let drawing = memo(move || points.with(|p| rules.with(|r| draw(p, r, format))));
    let empty = memo(move || drawing.with(|d| *d == Drawing::default()));
    let newest = memo(move || points.with(|p| p.last().map(|p| number(p.1, format))));
    let summary = move || text::summary(title, newest.get().as_deref());
    let tick = |class: &'static str, property: &'static str| move |(at, words): (f64, String)| view! { <span class=class style=(property, format!("{at:.2}%"))>{words}</span> };
    view! {
        <figure class=if wide { "chart chart-wide" } else { "chart" }>
            <figcaption>
                <span class="chart-title">{title}</span>
                <span class="chart-value">{newest}</span>
                <span class="chart-help">{help}</span>
            </figcaption>
            <div class="plot">
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=summary>
                    {live(move || {
                        drawing
                            .with(|d| {
                                d.y_ticks
                                    .iter()
                                    .map(|(y, _)| view! { <line class="grid" x1="0" x2="100" y1=*y y2=*y /> })
                                    .collect_view()
                            })
                    })}
                    {live(move || {
                        drawing
                            .with(|d| {
                                d.rules
                                    .iter()
                                    .map(|(y, _)| view! { <line class="rule" x1="0" x2="100" y1=*y y2=*y /> })
                                    .collect_view()
                            })
                    })} <path class="curve" d=move || drawing.with(|d| d.paths.concat()) />
                </svg>
                <Show when=move || empty.get()>
                    <p class="plot-empty" aria-hidden="true">
                        {text::WAITING}
                    </p>
                </Show>
                <div aria-hidden="true">
                    {live(move || drawing.with(|d| d.y_ticks.iter().cloned().map(tick("y-tick", "top")).collect_view()))}
                    {live(move || drawing.with(|d| d.x_ticks.iter().cloned().map(tick("x-tick", "left")).collect_view()))}
                    {live(move || drawing.with(|d| d.rules.iter().cloned().map(tick("rule-label", "top")).collect_view()))}
                    {live(move || {
                        drawing
                            .with(|d| d.last)
                            .map(|(x, y)| {
                                view! {
                                    <span class="last" style:left=format!("{x:.2}%") style:top=format!("{y:.2}%")></span>
                                }
                            })
                    })}
                </div>
            </div>
            <Table title=title x_name=x_name points=points rules=rules format=format />
        </figure>
    }
}

/// A value in words, also where it is none.
fn number(y: f64, format: fn(f64) -> String) -> String {
    if y.is_finite() { format(y) } else { text::NO_NUMBER.to_owned() }
}

/// The numbers behind a chart; made only while it is open.
#[component]
fn Table(
    title: &'static str,
    x_name: &'static str,
    points: Signal<Vec<(f64, f64)>>,
    rules: Signal<Vec<Rule>>,
    format: fn(f64) -> String,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let details = NodeRef::<leptos::html::Details>::new();
    let rows = move || {
        points.with(|all| {
            spread(all, ROWS)
                .into_iter()
                .map(|(x, y)| view! { <tr><th scope="row">{x.to_string()}</th><td>{number(y, format)}</td></tr> })
                .collect_view()
        })
    };
    view! {
        <details node_ref=details on:toggle=act(move |_| open.set(details.get().is_some_and(|d| d.open())))>
            <summary>{text::TABLE}<span class="visually-hidden">": " {title}</span></summary>
            <Show when=move || open.get()>
                <div class="scroll" tabindex="0" role="region" aria-label=title>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{x_name}</th>
                                <th scope="col">{title}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {live(move || {
                                rules
                                    .get()
                                    .into_iter()
                                    .map(|r| view! { <tr><th scope="row">{r.label}</th><td>{format(r.y)}</td></tr> })
                                    .collect_view()
                            })} {rows}
                        </tbody>
                    </table>
                </div>
            </Show>
        </details>
    }
}
