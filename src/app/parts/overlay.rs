//! Curves of several runs in one chart, told apart by dashes as well as by colour, with
//! a legend and the numbers behind it.

use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::chart as text;
use crate::core::plot::{Rule, draw_all, spread};
use leptos::prelude::*;

/// Rows of the table at most.
const ROWS: usize = 60;
/// Curves that have a look of their own.
pub const MOST: usize = 6;

/// A run's name and its points, ordered by x.
pub type Series = (String, Vec<(f64, f64)>);

#[component]
pub fn Overlay(
    title: &'static str,
    help: &'static str,
    x_name: &'static str,
    #[prop(into)] series: Signal<Vec<Series>>,
    #[prop(into, optional)] rules: Signal<Vec<Rule>>,
    format: fn(f64) -> String,
) -> impl IntoView {
    let drawing = memo(move || {
        series.with(|all| {
            let curves: Vec<&[(f64, f64)]> = all.iter().map(|(_, points)| &points[..]).collect();
            rules.with(|rules| draw_all(&curves, rules, format))
        })
    });
    let summary =
        move || series.with(|all| text::names(title, &all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()));
    let label = |class: &'static str, side: &'static str| move |(at, words): (f64, String)| view! { <span class=class style=(side, format!("{at:.2}%"))>{words}</span> };
    let class = |i: usize| format!("curve series-{}", i % MOST);
    view! {
        <figure class="chart chart-wide">
            <figcaption>
                <span class="chart-title">{title}</span>
                <span class="chart-help">{help}</span>
            </figcaption>
            <div class="plot">
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=summary>
                    {live(move || {
                        drawing
                            .with(|d| {
                                let line = |class: &'static str| {
                                    move |(y, _): &(f64, String)| view! { <line class=class x1="0" x2="100" y1=*y y2=*y /> }
                                };
                                let grid = d.y_ticks.iter().map(line("grid")).collect_view();
                                let rules = d.rules.iter().map(line("rule")).collect_view();
                                let paths = d.paths.iter().enumerate();
                                let curves = paths
                                    .map(|(i, path)| view! { <path class=class(i) d=path.clone() /> })
                                    .collect_view();
                                view! { {grid} {rules} {curves} }
                            })
                    })}
                </svg>
                <div aria-hidden="true">
                    {live(move || drawing.with(|d| d.y_ticks.iter().cloned().map(label("y-tick", "top")).collect_view()))}
                    {live(move || drawing.with(|d| d.x_ticks.iter().cloned().map(label("x-tick", "left")).collect_view()))}
                    {live(move || drawing.with(|d| d.rules.iter().cloned().map(label("rule-label", "top")).collect_view()))}
                </div>
            </div>
            <ul class="legend">
                {live(move || {
                    series
                        .with(|all| {
                            all.iter()
                                .enumerate()
                                .map(|(i, (name, _))| {
                                    view! {
                                        <li>
                                            <svg viewBox="0 0 40 8" aria-hidden="true">
                                                <path class=class(i) d="M0 4L40 4" />
                                            </svg>
                                            {name.clone()}
                                        </li>
                                    }
                                })
                                .collect_view()
                        })
                })}
            </ul>
            <Table title=title x_name=x_name series=series format=format />
        </figure>
    }
}

/// A row an x, a column a run; made only while it is open.
#[component]
fn Table(
    title: &'static str,
    x_name: &'static str,
    series: Signal<Vec<Series>>,
    format: fn(f64) -> String,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let details = NodeRef::<leptos::html::Details>::new();
    let rows = move || {
        series.with(|all| {
            let mut xs: Vec<f64> = all.iter().flat_map(|(_, points)| points.iter().map(|p| p.0)).collect();
            xs.sort_by(f64::total_cmp);
            xs.dedup();
            let cell = |points: &[(f64, f64)], x: f64| {
                let at = points.binary_search_by(|p| p.0.total_cmp(&x));
                at.map_or_else(|_| String::new(), |at| format(points[at].1))
            };
            spread(&xs, ROWS)
                .into_iter()
                .map(|x| {
                    let cells = all.iter().map(|(_, points)| view! { <td>{cell(points, x)}</td> }).collect_view();
                    view! { <tr><th scope="row">{x.to_string()}</th>{cells}</tr> }
                })
                .collect_view()
        })
    };
    let names = move || {
        series.with(|all| all.iter().map(|(name, _)| view! { <th scope="col">{name.clone()}</th> }).collect_view())
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
                                {names}
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Show>
        </details>
    }
}
