//! The curves of the runs that are ticked in the table, those of one group as their mean with a band, and what the seeds
//! of two groups say.

use super::page::{Page, name};
use crate::app::parts::chart::{Chart, Rule, Series};
use crate::app::reactive::{Show, derive, live, memo};
use crate::app::text::{confidence, runs as text, units::percent};
use crate::core::config::pretrain_settings::{SEED, differing};
use crate::core::run::group::{curve_runs, groups, results, seeds};
use crate::core::run::{Curve, RunRecord, StoredReport, table::Column};
use crate::core::{error::Fault, nt_xent};
use crate::protocol::{Event, Request};
use leptos::prelude::*;

/// Runs of one group, or a run, with the name that its curve has: it tells the seeds of [`curve_runs`].
struct Contender<'a> {
    called: String,
    runs: Vec<&'a RunRecord>,
}

/// Groups are named by the settings in which they differ.
fn contenders<'a>(records: &[&'a RunRecord]) -> Vec<Contender<'a>> {
    let rows = groups(records);
    let mut varied = differing(rows.iter().map(|row| &records[row[0]].config));
    varied.retain(|setting| *setting != SEED);
    let contender = |row: Vec<usize>| {
        let runs: Vec<&RunRecord> = row.into_iter().map(|place| records[place]).collect();
        let called = match (curve_runs(&runs).len(), varied.is_empty()) {
            (1, _) => name(curve_runs(&runs)[0]),
            (n, true) => text::group(&name(runs[0]), n),
            (n, false) => text::group(&text::settings_line(&varied, &runs[0].config), n),
        };
        Contender { called, runs }
    };
    rows.into_iter().map(contender).collect()
}

/// A curve of each contender, of a group the mean over its seeds.
fn all_series(stored: &StoredReport, curves: &[(String, Curve)], read: fn(&Curve) -> Vec<(f64, f64)>) -> Vec<Series> {
    let ids: Vec<&String> = curves.iter().map(|(id, _)| id).collect();
    let of = |run: &RunRecord| curves.iter().find(|(id, _)| *id == run.id).map(|(_, curve)| read(curve));
    let series = |Contender { called, runs }: Contender| {
        Series::mean(called, &curve_runs(&runs).into_iter().filter_map(of).collect::<Vec<_>>())
    };
    contenders(&found(stored, &ids)).into_iter().map(series).collect()
}

/// The runs with these ids, in their order.
fn found<'a>(stored: &'a StoredReport, ids: &[&String]) -> Vec<&'a RunRecord> {
    ids.iter().filter_map(|id| stored.runs.iter().find(|run| run.id == **id)).collect()
}

/// What the seeds say of the first contender and each other one, where one of them is a group.
#[component]
fn Verdicts() -> impl IntoView {
    let page = Page::get();
    let lines = memo(move || {
        let drawn = page.drawn.get();
        let of = |stored: &StoredReport| {
            let all = contenders(&found(stored, &drawn.iter().collect::<Vec<_>>()));
            let (first, others) = all.split_first()?;
            let test = |contender: &Contender| results(&contender.runs, Column::TestAccuracy);
            let several = all.iter().any(|contender| seeds(&contender.runs) > 1) && !others.is_empty();
            let line = |other: &Contender| match first.runs[0].data.is_same(&other.runs[0].data) {
                true => match test(first).compare(&test(other)) {
                    Some(compared) => format!("{}: {}", first.called, confidence::seeds(&other.called, compared)),
                    None => text::no_common_seed(&first.called, &other.called),
                },
                false => text::other_images(&first.called, &other.called),
            };
            several.then(|| others.iter().map(line).collect::<Vec<_>>())
        };
        page.read(of).flatten().unwrap_or_default()
    });
    view! {
        <Show when=move || lines.with(|lines| !lines.is_empty())>
            <h3>{text::VERDICTS}</h3>
            <p class="muted small">{text::VERDICTS_HELP}</p>
            <ul>{live(move || lines.get().into_iter().map(|line| view! { <li>{line}</li> }).collect_view())}</ul>
        </Show>
    }
}

fn four_digits(y: f64) -> String {
    format!("{y:.4}")
}

fn loss(curve: &Curve) -> Vec<(f64, f64)> {
    curve.steps.iter().map(|s| (f64::from(s.step), f64::from(s.loss))).collect()
}

fn knn(curve: &Curve) -> Vec<(f64, f64)> {
    curve.epochs.iter().map(|e| (f64::from(e.epoch), f64::from(e.knn))).collect()
}

#[component]
pub fn Curves() -> impl IntoView {
    let page = Page::get();
    let curves = RwSignal::new(Vec::<(String, Curve)>::new());
    // All curves are read again with every choice: a run under way has gone on.
    Effect::new(move || {
        let runs = page.drawn.get();
        if runs.is_empty() {
            curves.set(Vec::new());
            return;
        }
        page.client.ask(Request::Curves { runs: runs.clone() }, move |answer| match answer {
            // The choice has changed since.
            Ok(Event::Curves(_)) if page.drawn.try_get_untracked().as_ref() != Some(&runs) => {}
            Ok(Event::Curves(got)) => drop(curves.try_set(got)),
            Ok(_) | Err(Fault::Stopped) => {}
            Err(fault) => drop(page.task.failed.try_set(Some(fault))),
        });
    });
    let series = move |read: fn(&Curve) -> Vec<(f64, f64)>| {
        derive(move || {
            let of = |stored: &StoredReport| curves.with(|all| all_series(stored, all, read));
            page.read(of).unwrap_or_default()
        })
    };
    // The line of chance is drawn only if it is the same for all runs.
    let rules = derive(move || {
        let batches = page.read(|stored| {
            let drawn = curves.with(|all| all.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>());
            let of_drawn = stored.runs.iter().filter(|run| drawn.contains(&run.id));
            of_drawn.map(|run| run.config.batch).collect::<Vec<_>>()
        });
        match batches.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|batch| batch == first) => {
                vec![Rule { y: nt_xent::chance(*first), label: crate::app::text::pretrain::CHANCE.into() }]
            }
            _ => Vec::new(),
        }
    });
    let none = memo(move || curves.with(Vec::is_empty));
    let any_knn = memo(move || curves.with(|all| all.iter().any(|(_, curve)| !curve.epochs.is_empty())));
    view! {
        <section class="stack" aria-labelledby="curves-title">
            <h2 id="curves-title">{text::CURVES}</h2>
            <Show when=move || !none.get() fallback=|| view! { <p class="muted">{text::CURVES_NONE}</p> }>
                <div class="charts">
                    <Chart
                        title=text::LOSS
                        help=text::LOSS_HELP
                        x_name=text::STEP
                        series=series(loss)
                        of_runs=true
                        rules=rules
                        format=four_digits
                    />
                    <Show when=move || any_knn.get()>
                        <Chart
                            title=text::KNN
                            help=text::KNN_HELP
                            x_name=text::EPOCH
                            series=series(knn)
                            of_runs=true
                            format=percent
                        />
                    </Show>
                </div>
                <Verdicts />
            </Show>
        </section>
    }
}
