//! Accuracy against label fraction: three lines with their intervals, and the
//! numbers as a table.

use super::form::Form;
use crate::app::reactive::{Show, live, memo};
use crate::app::state::Store;
use crate::app::text::chart as words;
use crate::app::text::{fine_tune as text, sure};
use crate::core::run::fine_tune::{FRACTIONS, FineTuneConfig, FineTuneReport};
use leptos::prelude::*;

/// Results of one contestant, one a fraction.
type Line = Vec<Option<FineTuneReport>>;

/// Where fraction `i` of contestant `line` stands, 0 to 100: side by side, so that no
/// interval hides another.
fn x(i: usize, line: usize) -> f64 {
    100.0 * (i as f64 + 0.5) / FRACTIONS.len() as f64 + 3.0 * (line as f64 - 1.0)
}

fn y(accuracy: f64) -> f64 {
    100.0 * (1.0 - accuracy)
}

#[component]
pub fn FractionChart() -> impl IntoView {
    let store = Store::get();
    let form: Form = expect_context();
    let lines = memo(move || {
        let base = form.config();
        let of = |line: usize| -> Line {
            FRACTIONS
                .map(|fraction| form.result(&FineTuneConfig { fraction, ..base }.contestants()[line]))
                .into_iter()
                .collect()
        };
        [of(0), of(1), of(2)]
    });
    let results = move || lines.with(|all| all.iter().flatten().flatten().count());
    let chance = move || store.dataset.with(|set| set.as_ref().map_or(0, |set| set.classes.len())).max(1);
    let drawn =
        move || lines.with(|all| all.iter().enumerate().map(|(line, results)| curve(line, results)).collect_view());
    let marks = move || {
        lines.with(|all| {
            let marks = all.iter().enumerate().flat_map(|(line, results)| {
                results.iter().enumerate().filter_map(move |(i, result)| {
                    let at = format!("left: {:.2}%; top: {:.2}%", x(i, line), y(result.as_ref()?.test.accuracy));
                    Some(view! { <span class=format!("series-mark s{line}") style=at></span> })
                })
            });
            marks.collect_view()
        })
    };
    let ticks = [0, 25, 50, 75, 100].map(|p| {
        view! {
            <span class="y-tick" style=format!("top: {}%", 100 - p)>
                {text::share(p)}
            </span>
        }
    });
    let fractions = FRACTIONS
        .into_iter()
        .enumerate()
        .map(|(i, p)| {
            view! {
                <span class="x-tick" style=format!("left: {:.2}%", x(i, 1))>
                    {text::share(p)}
                </span>
            }
        })
        .collect_view();
    let grid = [0, 25, 50, 75, 100].map(|at| view! { <line class="grid" x1="0" x2="100" y1=at y2=at /> });
    let legend = text::CONTESTANTS
        .into_iter()
        .enumerate()
        .map(|(line, name)| {
            view! {
                <li>
                    <svg viewBox="0 0 32 10" aria-hidden="true">
                        <path class=format!("series s{line}") d="M0 5H32" />
                    </svg>
                    <span class=format!("series-mark s{line}") aria-hidden="true"></span>
                    {name}
                </li>
            }
        })
        .collect_view();
    view! {
        <figure class="chart chart-wide fractions">
            <figcaption>
                <span class="chart-title">{text::CURVE}</span>
                <span class="chart-help">{text::CHART_HELP}</span>
            </figcaption>
            <ul class="legend">
                {legend}
                <li>
                    <svg viewBox="0 0 32 10" aria-hidden="true">
                        <path class="rule" d="M0 5H32" />
                    </svg>
                    {text::CHANCE}
                </li>
            </ul>
            <div class="plot">
                <svg
                    viewBox="0 0 100 100"
                    preserveAspectRatio="none"
                    role="img"
                    aria-label=move || text::chart_summary(results())
                >
                    {grid.collect_view()}
                    <line
                        class="rule"
                        x1="0"
                        x2="100"
                        y1=move || y(1.0 / chance() as f64)
                        y2=move || y(1.0 / chance() as f64)
                    />
                    {live(drawn)}
                </svg>
                <Show when=move || results() == 0>
                    <p class="plot-empty" aria-hidden="true">
                        {text::CHART_EMPTY}
                    </p>
                </Show>
                <div aria-hidden="true">
                    {ticks.collect_view()} {fractions}
                    {live(marks)}
                </div>
            </div>
            <Numbers lines=lines />
        </figure>
    }
}

/// The line through what is there, and the intervals.
fn curve(line: usize, results: &Line) -> impl IntoView + use<> {
    let mut path = String::new();
    let mut bars = String::new();
    for (i, result) in results.iter().enumerate() {
        let Some(test) = result.as_ref().map(|r| &r.test) else { continue };
        let at = x(i, line);
        path += &format!("{}{at:.2} {:.2}", if path.is_empty() { 'M' } else { 'L' }, y(test.accuracy));
        let interval = sure::wilson(test);
        let (high, low) = (y(interval.high), y(interval.low));
        bars += &format!("M{at:.2} {high:.2}V{low:.2}");
        for end in [high, low] {
            bars += &format!("M{:.2} {end:.2}h1", at - 0.5);
        }
    }
    view! {
        <path class=format!("series-bar s{line}") d=bars />
        <path class=format!("series s{line}") d=path />
    }
}

/// The table behind the chart.
#[component]
fn Numbers(lines: Memo<[Line; 3]>) -> impl IntoView {
    let form: Form = expect_context();
    let head = text::CONTESTANTS.map(|name| view! { <th scope="col">{name}</th> }).collect_view();
    let rows = move || {
        lines.with(|all| {
            FRACTIONS
                .into_iter()
                .enumerate()
                .map(|(i, percent)| {
                    let cell =
                        |line: &Line| line[i].as_ref().map_or_else(|| text::NONE.into(), |r| sure::accuracy(&r.test));
                    view! {
                        <tr>
                            <th scope="row">{text::fraction(percent, form.labels(percent))}</th>
                            {all.each_ref().map(|line| view! { <td>{cell(line)}</td> }).collect_view()}
                        </tr>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <details>
            <summary>{words::TABLE}<span class="visually-hidden">": " {text::CURVE}</span></summary>
            <div class="scroll-x" tabindex="0" role="region" aria-label=text::CURVE>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{text::FRACTION}</th>
                            {head}
                        </tr>
                    </thead>
                    <tbody>{live(rows)}</tbody>
                </table>
            </div>
        </details>
    }
}
