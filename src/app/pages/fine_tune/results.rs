//! Results: accuracy against the number of labels as a chart and a table, then one result with its
//! scores and the images behind its mistakes.

use super::settings::Form;
use crate::app::pages::evaluate::confusion::Matrix;
use crate::app::pages::evaluate::predictions::{Scores, TestPredictions};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::{confidence, evaluate, fine_tune as text, units::percent};
use crate::app::{parts::chart::NumbersTable, parts::notice::Announcer, router::Link, state::Store};
use crate::core::metrics::mcnemar::{PairedComparison, Verdict};
use crate::core::report::DatasetReport;
use crate::core::run::fine_tune::{FRACTIONS, FineTuneConfig, FineTuneReport, TuningStart};
use leptos::prelude::*;

/// Results of one contestant, one for each fraction.
type Curve = Vec<Option<FineTuneReport>>;

/// Where fraction `i` of contestant `line` stands, 0 to 100: side by side, so that no interval hides another.
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
        let of = |line: usize| -> Curve {
            FRACTIONS
                .map(|fraction| form.result(&FineTuneConfig { fraction, ..base }.contestants()[line]))
                .into_iter()
                .collect()
        };
        [of(0), of(1), of(2)]
    });
    let results = move || lines.with(|all| all.iter().flatten().flatten().count());
    let chance = memo(move || store.dataset.with(|set| set.as_ref().map_or(0.0, DatasetReport::majority)));
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
        view! { <span class="y-tick" style=format!("top: {}%", 100 - p)>{text::share(p)}</span> }
    });
    let fractions = FRACTIONS
        .into_iter()
        .enumerate()
        .map(|(i, p)| view! { <span class="x-tick" style=format!("left: {:.2}%", x(i, 1))>{text::share(p)}</span> })
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
    let numbers = move || {
        let head = [text::FRACTION].into_iter().chain(text::CONTESTANTS).map(str::to_owned).collect();
        let rows = FRACTIONS.into_iter().enumerate().map(|(i, percent)| {
            let cell = |r: &Option<FineTuneReport>| {
                r.as_ref().map_or_else(|| text::NONE.into(), |r| confidence::accuracy(&r.test))
            };
            let cells = lines.with(|all| all.each_ref().map(|line| cell(&line[i])));
            [text::fraction(percent, form.labels(percent))].into_iter().chain(cells).collect()
        });
        std::iter::once(head).chain(rows).collect()
    };
    view! {
        <figure class="chart chart-wide fractions">
            <figcaption>
                <span class="chart-title">{text::CURVE}</span>
                <span class="chart-help">{text::CHART_HELP}</span>
            </figcaption>
            <ul class="legend">
                {legend}
                <li>
                    <svg viewBox="0 0 32 10" aria-hidden="true"><path class="rule" d="M0 5H32" /></svg>
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
                        y1=move || y(chance.get())
                        y2=move || y(chance.get())
                    />
                    {live(drawn)}
                </svg>
                <Show when=move || results() == 0>
                    <p class="plot-empty" aria-hidden="true">{text::CHART_EMPTY}</p>
                </Show>
                <div aria-hidden="true">
                    {ticks.collect_view()} {fractions}
                    {live(marks)}
                </div>
            </div>
            <NumbersTable title=text::CURVE rows=numbers />
        </figure>
    }
}

/// The line through the results, and their intervals.
fn curve(line: usize, results: &Curve) -> impl IntoView + use<> {
    let mut path = String::new();
    let mut bars = String::new();
    for (i, result) in results.iter().enumerate() {
        let Some(test) = result.as_ref().map(|r| &r.test) else { continue };
        let at = x(i, line);
        path += &format!("{}{at:.2} {:.2}", if path.is_empty() { 'M' } else { 'L' }, y(test.accuracy));
        let interval = confidence::wilson(test);
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

#[component]
pub fn OneResult() -> impl IntoView {
    let store = Store::get();
    let form: Form = expect_context();
    let announcer = Announcer::get();
    let all = store.stored_runs.fine_tuned;
    // `None`: the newest.
    let chosen = RwSignal::new(None::<FineTuneConfig>);
    let shown =
        memo(move || all.with(|all| all.iter().find(|r| Some(r.config) == chosen.get()).or(all.last()).cloned()));
    let newest = memo(move || all.with(|all| all.last().cloned()));
    announcer.follow(move || {
        newest.with(|r| r.as_ref().map(|r| text::announced(text::contestant(&r.config), r.test.accuracy)))
    });
    let options = move || {
        let now = shown.with(|r| r.as_ref().map(|r| r.config));
        let stages = form.stages();
        all.with(|all| {
            let options = all.iter().enumerate().rev().map(|(i, r)| {
                let words = text::choice(&text::training(&r.config, r.labels, stages), r.test.accuracy);
                view! { <option value=i.to_string() selected=Some(r.config) == now>{words}</option> }
            });
            options.collect_view()
        })
    };
    let choose = move |event: leptos::ev::Event| {
        let i = event_target_value(&event).parse::<usize>().ok();
        chosen.set(i.and_then(|i| all.with_untracked(|all| all.get(i).map(|r| r.config))));
    };
    view! {
        <section class="card" aria-labelledby="tuned-title">
            <h2 id="tuned-title">{text::RESULT}</h2>
            <label class="tune-choice">
                <span>{text::RESULTS}</span>
                <select on:change=act(choose)>{live(options)}</select>
            </label>
            {live(move || shown.get().map(|r| headline(&r, all, form.stages())))}
            <p>
                <Link to="/classify" attr:class="button">
                    {text::TRY}
                </Link> " " <span class="muted small">{text::TRY_WHICH}</span>
            </p>
        </section>
        {live(move || {
            let classes = store.dataset.with(|set| {
                set.iter().flat_map(|set| &set.classes).map(|c| c.name.clone()).collect::<Vec<_>>()
            });
            // The images of a replaced set cannot be shown.
            let report = shown.get().filter(|r| r.test.confusion.len() == classes.len())?;
            let predictions = StoredValue::new(TestPredictions::of_fine_tuning(&report, classes));
            Some(
                view! {
                    <Matrix report=predictions />
                    <Scores report=predictions />
                },
            )
        })}
    }
}

fn headline(r: &FineTuneReport, all: RwSignal<Vec<FineTuneReport>>, stages: u8) -> impl IntoView + use<> {
    let others = all.with(|all| {
        // A start from random weights does not depend on the steps of pre-training.
        let comparable =
            |o: &FineTuneReport| o.steps == r.steps || [o, r].iter().any(|x| x.config.start == TuningStart::Random);
        let with_same_labels = |o: &&FineTuneReport| {
            o.config != r.config
                && (o.config.fraction, o.config.seed) == (r.config.fraction, r.config.seed)
                && comparable(o)
        };
        let compare = |o: &FineTuneReport| {
            let comparison = PairedComparison::paired(&r.predicted, &o.predicted, &r.truth);
            confidence::verdict(&text::than(&o.config, stages), Verdict::of(&comparison))
        };
        let others = all.iter().filter(with_same_labels).map(compare);
        others.map(|words| view! { <li>{words}</li> }).collect_view()
    });
    view! {
        <p class="headline">
            <strong>{percent(r.test.accuracy)}</strong> " " {evaluate::headline(r.test_images.len())} " "
            <span class="muted small">{confidence::interval(&r.test)}</span>
        </p>
        <ul class="verdicts">{others}</ul>
        <p class="muted small">{confidence::resolution(&r.test)} " " {confidence::ONE_SEED}</p>
        <p class="muted small">{text::rule(&r.config)} " " {text::behind(&r.config, r.labels, r.steps, r.seconds)}</p>
    }
}
