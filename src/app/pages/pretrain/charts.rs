//! The run's curves, and the alarm when it goes wrong.

use crate::app::parts::chart::{Chart, Rule, Series};
use crate::app::reactive::{Show, derive, live, memo};
use crate::app::text::pretrain as text;
use crate::app::{state::Store, text::units::percent};
use crate::core::report::{DatasetReport, StepReport};
use crate::core::{diagnostics, nt_xent};
use leptos::prelude::*;

fn three_digits(y: f64) -> String {
    format!("{y:.3}")
}

/// Two significant digits for small numbers, as rates are.
fn short(y: f64) -> String {
    if y != 0.0 && y.abs() < 0.01 { format!("{y:.1e}") } else { format!("{y:.3}") }
}

#[component]
pub fn Charts() -> impl IntoView {
    let store = Store::get();
    let of_step = move |title: &'static str, read: fn(&StepReport) -> f32| {
        derive(move || {
            let points = store.steps.with(|all| all.iter().map(|s| (f64::from(s.step), f64::from(read(s)))).collect());
            vec![Series::new(title.to_owned(), points)]
        })
    };
    let config = move || store.run_config.get().unwrap_or_default();
    let loss_rules = derive(move || {
        let c = config();
        vec![
            Rule { y: nt_xent::chance(c.batch), label: text::CHANCE.into() },
            Rule { y: nt_xent::floor(c.batch, f64::from(c.temperature)), label: text::FLOOR.into() },
        ]
    });
    let accuracy_rules = derive(move || {
        let chance = 1.0 / (2.0 * config().batch as f64 - 1.0);
        vec![Rule { y: chance, label: text::chance(chance) }]
    });
    let healthy = move || 1.0 / (config().head.output as f64).sqrt();
    let std_rules = derive(move || vec![Rule { y: healthy(), label: text::HEALTHY.into() }]);
    let knn = derive(move || {
        let points = store.epochs.with(|all| all.iter().map(|e| (f64::from(e.epoch), f64::from(e.knn))).collect());
        vec![Series::new(text::KNN.to_owned(), points)]
    });
    let knn_rules = derive(move || {
        let before = store.epochs.with(|e| e.first().filter(|e| e.epoch == 0).map(|e| f64::from(e.knn)));
        before.map(|y| Rule { y, label: text::UNTRAINED.into() }).into_iter().collect::<Vec<_>>()
    });
    let labelled = memo(move || store.dataset.with(|d| d.as_ref().is_some_and(DatasetReport::can_measure)));
    let no_rules = Signal::stored(Vec::new());
    type Read = fn(&StepReport) -> f32;
    let by_step = move |[title, help]: [&'static str; 2], read: Read, rules: Signal<Vec<Rule>>, format| {
        view! { <Chart title=title help=help x_name=text::STEP series=of_step(title, read) rules=rules format=format /> }
    };
    view! {
        <section class="stack" aria-labelledby="charts-title">
            <h2 id="charts-title">{text::PROGRESS}</h2>
            <Alarm />
            <div class="charts">
                <Chart
                    title=text::LOSS
                    help=text::LOSS_HELP
                    x_name=text::STEP
                    series=of_step(text::LOSS, |s| s.loss)
                    rules=loss_rules
                    format=three_digits
                    wide=true
                />
                <Show
                    when=move || labelled.get()
                    fallback=|| view! { <p class="chart muted">{text::KNN_NONE}</p> }
                >
                    <Chart
                        title=text::KNN
                        help=text::KNN_HELP
                        x_name=text::EPOCH
                        series=knn
                        rules=knn_rules
                        format=percent
                    />
                </Show>
                {by_step([text::ACCURACY, text::ACCURACY_HELP], |s| s.contrastive_accuracy, accuracy_rules, percent)}
                {by_step([text::STD, text::STD_HELP], |s| s.std, std_rules, three_digits)}
                {by_step([text::LEARNING_RATE, text::LEARNING_RATE_HELP], |s| s.learning_rate, no_rules, short)}
            </div>
        </section>
    }
}

/// Says so if the loss is no number or the embeddings collapse.
#[component]
fn Alarm() -> impl IntoView {
    let store = Store::get();
    let alarm = memo(move || {
        let output = store.run_config.with(|c| c.map_or(128, |c| c.head.output));
        let last = store.steps.with(|s| s.newest().copied())?;
        diagnostics::alarm(&last, output).map(text::alarm)
    });
    view! {
        <div role="alert">
            {live(move || {
                alarm
                    .get()
                    .map(|(what, todo)| {
                        view! {
                            <div class="notice bad">
                                <div>
                                    <p class="what">{what}</p>
                                    <p>{todo}</p>
                                </div>
                            </div>
                        }
                    })
            })}
        </div>
    }
}
