//! What the next training is to be: the settings, and the buttons that start.

use crate::app::parts::setting_field::{RefusedValues, SettingsForm};
use crate::app::parts::{notice::Warning, requirements::steps, widgets::Button};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::{fine_tune as text, settings};
use crate::app::{client::Client, state::Store};
use crate::core::run::fine_tune::{
    FRACTIONS, FineTuneConfig, FineTuneReport, TrainedLayers, Tuning, TuningSetting, TuningStart, default_rate, stages,
};
use crate::core::{config::RunConfig, cost::Cost, dataset::split, error::Fault};
use crate::protocol::Request;
use leptos::prelude::*;

/// The next training; `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
pub struct Form {
    store: Store,
    client: Client,
    /// Of the pre-trained encoder; the baselines follow from it.
    config: RwSignal<FineTuneConfig>,
    touched: RwSignal<bool>,
    refused: RefusedValues,
    /// A list was sent that the worker has not taken up yet.
    asked: RwSignal<bool>,
}

impl Form {
    /// Begins with the settings of the list at work, else of the newest result, until a person
    /// changes one. The fraction stays.
    pub fn new(store: Store) -> Self {
        let form = Self {
            store,
            client: Client::get(),
            config: RwSignal::default(),
            touched: RwSignal::default(),
            refused: RefusedValues::default(),
            asked: RwSignal::default(),
        };
        // The settings of an older recipe are not gone on with.
        let own = |c: &FineTuneConfig| {
            c.start == TuningStart::Pretrained && c.trained != TrainedLayers::Classifier && c.gentle
        };
        Effect::new(move || {
            let listed = store.stored_runs.tuning_list.with(|all| all.iter().copied().rev().find(own));
            let newest = store.stored_runs.fine_tuned.with(|all| all.iter().map(|r| r.config).rev().find(own));
            if let Some(config) = listed.or(newest).filter(|_| !form.touched.get_untracked()) {
                form.config.update(|c| *c = FineTuneConfig { fraction: c.fraction, ..config });
            }
        });
        form
    }

    /// After this the settings are the user's own.
    fn change(self, change: impl FnOnce(&mut FineTuneConfig)) {
        self.touched.set(true);
        self.config.update(change);
    }

    /// What the fields of the settings share.
    fn settings(self) -> SettingsForm<Tuning> {
        let beside = move |config| Tuning::of(&self.run(), steps(self.store), config);
        let default = move || {
            let peak_rate = default_rate(self.config.with(|c| c.batch));
            beside(FineTuneConfig { peak_rate, ..FineTuneConfig::default() })
        };
        let change = move |(Tuning { mut config, .. }, _): (Tuning, TuningSetting)| {
            self.change(|old| {
                config.follow_rate(old);
                *old = config;
            });
        };
        SettingsForm {
            prefix: "tune",
            config: derive(move || beside(self.config.get())),
            default: derive(default),
            change: Callback::new(change),
            refused: self.refused,
        }
    }

    /// What would be sent. The run's seed chooses the labels.
    pub fn config(self) -> FineTuneConfig {
        let seed = self.store.run_config.with(|run| run.map_or(0, |run| run.seed));
        FineTuneConfig { seed, ..self.config.get() }
    }

    fn run(self) -> RunConfig {
        self.store.run_config.get().unwrap_or_default()
    }

    pub fn stages(self) -> u8 {
        stages(self.run().encoder.architecture)
    }

    /// How many labels a fraction is.
    pub fn labels(self, percent: u8) -> usize {
        self.store.dataset.with(|set| {
            let trained = set.iter().flat_map(|set| &set.classes).map(|c| c.train).filter(|n| *n > 0);
            let (images, classes) = trained.fold((0, 0), |(images, classes), n| (images + n, classes + 1));
            split::labelled_count(images, classes, percent)
        })
    }

    /// The result of `config` on the encoder as it is, if there is one.
    pub fn result(self, config: &FineTuneConfig) -> Option<FineTuneReport> {
        let steps = steps(self.store);
        self.store.stored_runs.fine_tuned.with(|all| all.iter().find(|r| r.answers(config, steps)).cloned())
    }

    /// Those of `list` without a result.
    fn missing(self, list: Vec<FineTuneConfig>) -> Vec<FineTuneConfig> {
        list.into_iter().filter(|config| self.result(config).is_none()).collect()
    }

    /// Whether training may start.
    fn ready(self) -> bool {
        let fits = self.config().check(&self.run(), steps(self.store)).is_ok() && !self.refused.any();
        fits && !self.under_way() && self.store.evaluating.with(Option::is_none)
    }

    /// Bytes that the largest of `list` needs and bytes that the device has, if those are fewer.
    fn too_much(self, list: &[FineTuneConfig]) -> Option<(u64, u64)> {
        let run = self.store.run_config.get()?;
        let images = self.store.dataset.with(|set| set.as_ref().map(|set| set.images))?;
        let backend = self.store.device.with(|device| device.as_ref().map(|device| device.backend))?;
        let needs = |config: &FineTuneConfig| match Cost::tuning_fits(
            &run,
            config,
            self.labels(config.fraction),
            images,
            backend,
        ) {
            Err(Fault::NeedsMemory { need, limit }) => Some((need, limit)),
            _ => None,
        };
        list.iter().filter_map(needs).max()
    }

    /// The largest batch below the chosen one with which `list` fits.
    fn fitting_batch(self, list: &[FineTuneConfig]) -> Option<usize> {
        let of = |batch: usize| list.iter().map(|config| config.with_batch(batch)).collect::<Vec<_>>();
        let smaller = std::iter::successors(Some(self.config().batch / 2), |batch| Some(batch / 2));
        smaller.take_while(|batch| *batch > 1).find(|batch| self.too_much(&of(*batch)).is_none())
    }

    /// Whether trainings are at work or paused.
    fn under_way(self) -> bool {
        self.asked.get() || self.store.stored_runs.fine_tuning.with(|p| p.as_ref().is_some_and(|p| p.state.is_active()))
    }

    fn start(self, list: Vec<FineTuneConfig>) {
        if list.is_empty() || !untrack(|| self.ready()) {
            return;
        }
        self.store.stored_runs.tuning_list.set(list.clone());
        self.asked.set(true);
        self.client.ask_or_notify(Request::FineTune { list }, move |_| {
            self.asked.try_set(false);
        });
    }
}

#[component]
pub fn Settings() -> impl IntoView {
    let form: Form = expect_context();
    let locked = memo(move || form.under_way());
    let ready = memo(move || form.ready());
    let own = memo(move || vec![form.config()]);
    let baselines = memo(move || form.missing(form.config().contestants()[1..].to_vec()));
    let curve = memo(move || form.missing(form.config().curve()));
    let all = memo(move || [own.get(), baselines.get(), curve.get()].concat());
    let closed = move |list: Memo<Vec<FineTuneConfig>>| {
        memo(move || !ready.get() || list.with(|list| list.is_empty() || form.too_much(list).is_some()))
    };
    // A button that starts a list of trainings, above its help.
    let starts = move |id: &'static str, label: &'static str, list: Memo<Vec<FineTuneConfig>>, help: Signal<String>| {
        let start = move |_| form.start(list.get_untracked());
        view! {
            <div>
                <button type="button" aria-describedby=id disabled=closed(list) on:click=act(start)>{label}</button>
                <p class="muted small" id=id>{help}</p>
            </div>
        }
    };
    let baselines_help =
        derive(move || if baselines.with(Vec::is_empty) { text::ALL_THERE } else { text::BASELINES_HELP }.to_owned());
    let curve_help = derive(move || text::curve_help(curve.with(Vec::len)));
    let wrong = memo(move || form.refused.any());
    let fields = form.settings();
    let fractions = derive(move || {
        FRACTIONS.map(|percent| (percent.to_string(), text::fraction(percent, form.labels(percent)))).to_vec()
    });
    // 0 stands for all.
    let layers = derive(move || {
        let stages = form.stages();
        let words = |last| text::layers(if last == 0 { TrainedLayers::All } else { TrainedLayers::Last(last) }, stages);
        (0..stages).map(|last| (last.to_string(), words(last))).collect()
    });
    view! {
        <section class="card" aria-labelledby="tune-settings">
            <h2 id="tune-settings">{text::SETTINGS}</h2>
            <fieldset class="fields" disabled=locked>
                <legend class="visually-hidden">{text::SETTINGS}</legend>
                {settings::TUNING
                    .iter()
                    .map(|words| match words.setting.key {
                        "labels" => fields.field(words, Some(fractions)),
                        "stages" => fields.field(words, Some(layers)),
                        _ => fields.field(words, None),
                    })
                    .collect_view()}
            </fieldset>
            <Show when=move || wrong.get()><p class="small field-fault">{text::INVALID}</p></Show>
            <TooMuch all=all />
            <div class="tune-starts">
                <p>
                    <Button
                        label=text::START
                        kind="primary"
                        disabled=closed(own)
                        press=act(move |_| form.start(own.get_untracked()))
                    />
                </p>
                {starts("baselines-help", text::BASELINES, baselines, baselines_help)}
                {starts("curve-help", text::CURVE, curve, curve_help)}
            </div>
        </section>
    }
}

/// Says which training needs more memory than the device has, and offers a batch with which all fit.
#[component]
fn TooMuch(all: Memo<Vec<FineTuneConfig>>) -> impl IntoView {
    let form: Form = expect_context();
    live(move || {
        let all = all.get();
        let (need, limit) = form.too_much(&all)?;
        let take = form.fitting_batch(&all).map(|fits| {
            view! {
                <Button label=text::use_batch(fits) press=act(move |_| form.change(|c| *c = c.with_batch(fits))) />
            }
        });
        Some(view! { <Warning words=text::too_much(need, limit)>{take}</Warning> })
    })
}
