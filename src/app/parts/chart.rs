//! A line chart: curves, horizontal lines that say what their height means, and a table behind them.

use crate::app::reactive::{Show, act, live, memo, turns};
use crate::app::{parts::widgets::heads, text::parts as text};
use crate::core::plot::{Drawing, draw, spread};
pub use crate::core::plot::{Rule, Series};
use leptos::prelude::*;

/// Rows of the table at most.
const ROWS: usize = 60;
/// Curves of one chart that look different from each other.
pub const MOST: usize = 6;

/// A chart of one curve with its newest value in words, or of one curve each of several runs or groups, told apart by
/// dashes as well as by colour, with a legend. `x_name` heads the table's first column; `help` is a sentence on how to read the chart.
#[component]
pub fn Chart(
    title: &'static str,
    help: &'static str,
    x_name: &'static str,
    series: Signal<Vec<Series>>,
    #[prop(into, optional)] rules: Signal<Vec<Rule>>,
    format: fn(f64) -> String,
    #[prop(optional)] of_runs: bool,
    /// Takes the whole row, as a chart of several runs always does.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let turns = turns(move || {
        series.track();
        rules.track();
    });
    let drawing = memo(move || {
        turns.track();
        untrack(|| series.with(|all| rules.with(|rules| draw(all, rules, format))))
    });
    let newest = memo(move || {
        let one = |all: &Vec<Series>| all.last().and_then(|one| one.points.last()).map(|p| number(p.1, format));
        if of_runs { None } else { series.with(one) }
    });
    let empty = memo(move || !of_runs && drawing.with(|d| *d == Drawing::default()));
    let summary = move || match of_runs {
        true => series.with(|all| text::names(title, &all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>())),
        false => text::summary(title, newest.get().as_deref()),
    };
    let class = move |i: usize| if of_runs { format!("curve series-{}", i % MOST) } else { "curve".to_owned() };
    let band = |(i, path): (usize, &String)| {
        let class = format!("band series-{}", i % MOST);
        (!path.is_empty()).then(|| view! { <path class=class d=path.clone() /> })
    };
    // Made anew only when they change: most redraws move the curve alone.
    let part = |read: fn(&Drawing) -> &Ticks| memo(move || drawing.with(|d| read(d).clone()));
    let (y_ticks, x_ticks, lines_at) = (part(|d| &d.y_ticks), part(|d| &d.x_ticks), part(|d| &d.rules));
    let newest_point = move || {
        let last = drawing.with(|d| d.last).filter(|_| !of_runs);
        last.map(
            |(x, y)| view! { <span class="last" style:left=format!("{x:.2}%") style:top=format!("{y:.2}%")></span> },
        )
    };
    // A row for each line and each x, and a column for each curve.
    let numbers = move || {
        let lines = rules.get().into_iter().filter(|_| !of_runs).map(|rule| vec![rule.label, format(rule.y)]);
        series.with(|all| {
            let mut xs: Vec<f64> = all.iter().flat_map(|one| one.points.iter().map(|p| p.0)).collect();
            xs.sort_by(f64::total_cmp);
            xs.dedup();
            let cell = |one: &Series, x: f64| {
                let Ok(at) = one.points.binary_search_by(|p| p.0.total_cmp(&x)) else { return String::new() };
                let mean = number(one.points[at].1, format);
                one.spread.get(at).map_or(mean.clone(), |spread| text::spread(&mean, &number(*spread, format)))
            };
            let row = |x: f64| std::iter::once(x.to_string()).chain(all.iter().map(|one| cell(one, x))).collect();
            let head = std::iter::once(x_name.to_owned()).chain(all.iter().map(|one| one.name.clone())).collect();
            std::iter::once(head).chain(lines).chain(spread(&xs, ROWS).into_iter().map(row)).collect()
        })
    };
    view! {
        <figure class=if wide || of_runs { "chart chart-wide" } else { "chart" }>
            <figcaption>
                <span class="chart-title">{title}</span>
                {(!of_runs).then(|| view! { <span class="chart-value">{newest}</span> })}
                <span class="chart-help">{help}</span>
            </figcaption>
            <div class="plot">
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=summary>
                    {lines(y_ticks, "grid")} {lines(lines_at, "rule")}
                    {live(move || drawing.with(|d| d.bands.iter().enumerate().map(band).collect_view()))}
                    {live(move || {
                        let curve = |(i, path): (usize, &String)| view! { <path class=class(i) d=path.clone() /> };
                        drawing.with(|d| d.paths.iter().enumerate().map(curve).collect_view())
                    })}
                </svg>
                <Show when=move || empty.get()>
                    <p class="plot-empty" aria-hidden="true">{text::WAITING}</p>
                </Show>
                <div aria-hidden="true">
                    {labels(y_ticks, "y-tick", "top")} {labels(x_ticks, "x-tick", "left")}
                    {labels(lines_at, "rule-label", "top")}
                    {live(newest_point)}
                </div>
            </div>
            {of_runs.then(|| view! { <ul class="legend">{live(move || legend(series, class))}</ul> })}
            <NumbersTable title=title rows=numbers />
        </figure>
    }
}

/// Places along an axis in per cent, each with its words.
type Ticks = Vec<(f64, String)>;

fn lines(at: Memo<Ticks>, class: &'static str) -> AnyView {
    let line = move |(y, _): &(f64, String)| view! { <line class=class x1="0" x2="100" y1=*y y2=*y /> };
    live(move || at.with(|all| all.iter().map(line).collect_view()))
}

fn labels(at: Memo<Ticks>, class: &'static str, side: &'static str) -> AnyView {
    let label = move |(at, words): &(f64, String)| view! { <span class=class style=(side, format!("{at:.2}%"))>{words.clone()}</span> };
    live(move || at.with(|all| all.iter().map(label).collect_view()))
}

fn legend(series: Signal<Vec<Series>>, class: impl Fn(usize) -> String) -> impl IntoView {
    series.with(|all| {
        let names = all.iter().enumerate().map(|(i, one)| {
            view! {
                <li>
                    <svg viewBox="0 0 40 8" aria-hidden="true"><path class=class(i) d="M0 4L40 4" /></svg>
                    {one.name.clone()}
                </li>
            }
        });
        names.collect_view()
    })
}

/// A value in words; also one that is not finite.
fn number(y: f64, format: fn(f64) -> String) -> String {
    if y.is_finite() { format(y) } else { text::NO_NUMBER.to_owned() }
}

/// The numbers behind a chart, folded away. Of `rows` the first are the names of the columns, and the first cell of each
/// is that of its row. They are made only while the table is open.
#[component]
pub fn NumbersTable(
    title: &'static str,
    rows: impl Fn() -> Vec<Vec<String>> + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let details = NodeRef::<leptos::html::Details>::new();
    let body = move || {
        let mut rows = rows().into_iter();
        let head = heads("", rows.next().unwrap_or_default());
        let rows = rows.map(|row| {
            let mut cells = row.into_iter();
            let name = cells.next();
            view! { <tr><th scope="row">{name}</th>{cells.map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr> }
        });
        view! { <thead><tr>{head}</tr></thead><tbody>{rows.collect_view()}</tbody> }
    };
    view! {
        <details node_ref=details on:toggle=act(move |_| open.set(details.get().is_some_and(|d| d.open())))>
            <summary>{text::TABLE}<span class="visually-hidden">": " {title}</span></summary>
            <Show when=move || open.get()>
                <div class="scroll" tabindex="0" role="region" aria-label=title>
                    <table>{live(body)}</table>
                </div>
            </Show>
        </details>
    }
}
