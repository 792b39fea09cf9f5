//! Curves of chosen runs, over one another.

use super::page::{Page, name};
use crate::app::parts::chart::{Chart, Series};
use crate::app::reactive::{Show, derive, memo};
use crate::app::text::runs as text;
use crate::app::text::units::percent;
use crate::core::nt_xent;
use crate::core::plot::Rule;
use crate::core::run::Curve;
use crate::protocol::{Event, Request};
use leptos::prelude::*;

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
    // All again with every choice: a run under way has gone on.
    Effect::new(move || {
        let runs = page.drawn.get();
        if runs.is_empty() {
            curves.set(Vec::new());
            return;
        }
        page.client.ask(Request::Curves { runs: runs.clone() }, move |answer| match answer {
            // Of a choice that has changed since, it is none.
            Ok(Event::Curves(_)) if page.drawn.try_get_untracked().as_ref() != Some(&runs) => {}
            Ok(Event::Curves(got)) => drop(curves.try_set(got)),
            Ok(_) | Err(crate::core::error::Fault::Stopped) => {}
            Err(fault) => drop(page.failed.try_set(Some(fault))),
        });
    });
    let series = move |read: fn(&Curve) -> Vec<(f64, f64)>| {
        derive(move || {
            curves.with(|all| {
                all.iter()
                    .filter_map(|(id, curve)| {
                        let called = page.read(|s| s.runs.iter().find(|r| r.id == *id).map(name)).flatten()?;
                        Some((called, read(curve)))
                    })
                    .collect::<Vec<Series>>()
            })
        })
    };
    // Chance is drawn only where it is the same for all.
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
                        curves=series(loss)
                        rules=rules
                        format=four_digits
                    />
                    <Show when=move || any_knn.get()>
                        <Chart
                            title=text::KNN
                            help=text::KNN_HELP
                            x_name=text::EPOCH
                            curves=series(knn)
                            format=percent
                        />
                    </Show>
                </div>
            </Show>
        </section>
    }
}
