//! Trying a trained classifier on images that it has never seen.

use crate::app::parts::files::{Choose, DropArea, Listed, accept_drops, of_list};
use crate::app::parts::notice::{Announcer, FaultAlert, LeftOutTable};
use crate::app::parts::requirements::missing;
use crate::app::parts::widgets::{CancelButton, Meter, PageHead, Picture, heads};
use crate::app::reactive::{Show, derive, live, memo};
use crate::app::text::{try_it as text, units::rounded_percent};
use crate::app::{client::Client, client::Task, state::Store};
use crate::core::run::classify::{Classified, ClassifyReport, MOST};
use crate::core::{dataset::folders, error::SkippedFile};
use crate::protocol::{Event, Request, Work};
use leptos::prelude::*;
use web_sys::FileList;

/// Classes that have a row of their own; the others share one.
const ROWS: usize = 5;

/// Images that are being classified, and the answer; `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
struct Classification {
    store: Store,
    client: Client,
    announcer: Announcer,
    task: Task,
    /// More files were chosen than the page classifies at once.
    too_many: RwSignal<bool>,
    report: RwSignal<Option<ClassifyReport>>,
    /// Files that the browser refused, and files that could not be read.
    left_out: RwSignal<Vec<SkippedFile>>,
}

impl Classification {
    fn new(store: Store) -> Self {
        Self {
            store,
            client: Client::get(),
            announcer: Announcer::get(),
            task: Task::default(),
            too_many: RwSignal::default(),
            report: RwSignal::default(),
            left_out: RwSignal::default(),
        }
    }

    fn allowed(self) -> bool {
        !self.task.busy.get() && !self.store.stored_runs.is_tuning() && missing(self.store).is_none()
    }

    /// Classifies files.
    fn show(self, listed: Listed) {
        let Listed { mut files, mut refused } = listed;
        if files.len() + refused.len() == 0 || !untrack(|| self.allowed()) {
            return;
        }
        self.too_many.set(files.len() > MOST);
        self.task.failed.set(None);
        files.truncate(MOST);
        if files.is_empty() {
            return self.left_out.set(refused);
        }
        let (names, files) = files.into_iter().unzip();
        self.store.stored_runs.classifying.set(None);
        self.client.run(self.task, Request::Classify { names }, files, move |answer| {
            // Else it was cancelled.
            if let Event::Classified(mut report) = answer {
                self.announcer.say(summary(&report));
                refused.append(&mut report.left_out);
                self.left_out.try_set(refused);
                self.report.try_set(Some(report));
            }
        });
    }
}

/// The page `/classify`.
#[component]
pub fn TryIt() -> impl IntoView {
    let store = Store::get();
    let this = Classification::new(store);
    provide_context(this);
    let lacks = memo(move || missing(store));
    let why = [text::NO_IMAGES, text::NO_LABELS, text::NO_ENCODER, text::TRAINING];
    view! {
        <div class="evaluate">
            <PageHead title=text::TITLE lead=text::INTRO />
            {live(move || match lacks.get() {
                Some(lacks) => lacks.view(why, &text::WHAT_LIST),
                None => view! { <Input /> }.into_any(),
            })}
            <Show when=move || this.task.busy.get()><Busy /></Show>
            <FaultAlert fault=this.task.failed />
            <Show when=move || this.left_out.with(|files| !files.is_empty())>
                <section class="card" aria-labelledby="bad-title">
                    <h2 id="bad-title">{text::BAD_FILES}</h2>
                    {live(move || view! { <LeftOutTable files=this.left_out.get() /> })}
                </section>
            </Show>
            {live(move || this.report.get().map(|report| view! { <Answers report=report /> }))}
        </div>
    }
}

#[component]
fn Busy() -> impl IntoView {
    let Classification { store, .. } = expect_context();
    let part = derive(move || store.stored_runs.classifying.get().map(f64::from));
    let label = move || if part.get().is_some() { text::BUSY_ONCE } else { text::BUSY };
    view! {
        <section class="card" aria-label=text::BUSY>
            <Meter label=label part=part />
            <p><CancelButton work=Work::Evaluation /></p>
        </section>
    }
}

/// The ways to show an image: a drop anywhere on the page, files, the camera.
#[component]
fn Input() -> impl IntoView {
    let this: Classification = expect_context();
    accept_drops(move |dropped| {
        leptos::task::spawn_local(async move {
            let listed = dropped.files(|_| true).await;
            listed.into_iter().for_each(|listed| this.show(listed));
        });
    });
    let take = move |list: FileList| this.show(Listed { files: of_list(&list), refused: Vec::new() });
    let closed = memo(move || !this.allowed());
    view! {
        <section class="card" aria-labelledby="show-title">
            <h2 id="show-title">{text::SHOW}</h2>
            <DropArea>
                <p class="images-drop-title">{text::DROP}</p>
                <p>{text::OR}</p>
                <p class="images-drop-buttons">
                    <Choose label=text::CHOOSE closed=closed multiple=true take=Box::new(take) />
                    <Choose
                        label=text::PHOTO
                        closed=closed
                        attributes=vec![("accept", "image/*"), ("capture", "environment")]
                        take=Box::new(take)
                    />
                </p>
                <p class="muted small">{text::most()}</p>
                <p class="images-drop-status" role="status">
                    {live(move || this.too_many.get().then(text::too_many))}
                    {live(move || this.store.stored_runs.is_tuning().then_some(text::TUNING))}
                </p>
            </DropArea>
        </section>
    }
}

/// Classes by probability, the likeliest first.
fn ranked(image: &Classified) -> Vec<(usize, f32)> {
    let mut all: Vec<(usize, f32)> = image.probabilities.iter().copied().enumerate().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

/// What a screen reader says when the answer has come.
fn summary(report: &ClassifyReport) -> String {
    let say = |image: &Classified| {
        let (class, _) = ranked(image).first().copied().unwrap_or_default();
        text::announced(&image.picture.name, report.classes.get(class).map_or("", String::as_str))
    };
    report.images.iter().map(say).collect::<Vec<_>>().join(" ")
}

/// The answer for each image: classes with their probabilities, and the training images most like it.
#[component]
fn Answers(report: ClassifyReport) -> impl IntoView {
    if report.images.is_empty() {
        return ().into_any();
    }
    let ClassifyReport { classifier, classes, images, .. } = report;
    let images = images.into_iter().map(|image| answer(image, &classes)).collect_view();
    view! {
        <section class="card" aria-labelledby="said-title">
            <h2 id="said-title">{text::RESULT}</h2>
            <p class="muted small">{text::classifier(&classifier)}</p>
            <ul class="answers">{images}</ul>
        </section>
    }
    .into_any()
}

fn answer(image: Classified, classes: &[String]) -> impl IntoView + use<> {
    let ranked = ranked(&image);
    let name = image.picture.name.clone();
    let class = |i: usize| classes.get(i).cloned().unwrap_or_default();
    let title = ranked.first().map(|&(best, part)| text::said(&class(best), part));
    let row = |class: String, part: f32, own: bool| {
        let words = rounded_percent(part.into());
        view! {
            <tr>
                <th scope="row">{class}</th>
                <td class="number">{words}</td>
                <td class="bar-cell" aria-hidden="true">
                    <div class="bar-track plain" style=format!("--part: {part:.4}")>
                        <div class="bar" class:own=own></div>
                    </div>
                </td>
            </tr>
        }
    };
    let mut rows: Vec<_> =
        ranked.iter().take(ROWS).enumerate().map(|(i, &(c, part))| row(class(c), part, i == 0)).collect();
    if ranked.len() > ROWS {
        let rest: f32 = ranked[ROWS..].iter().map(|r| r.1).sum();
        rows.push(row(text::others(ranked.len() - ROWS), rest, false));
    }
    let neighbours = image.neighbours.into_iter().map(|n| {
        let label = n.picture.label.map_or_else(|| text::UNLABELLED.to_owned(), |l| class(l.into()));
        let words = text::neighbour(&label, n.cosine);
        view! {
            <li>
                <figure>
                    <Picture pixels=n.picture alt=words.clone() />
                    <figcaption>{words}</figcaption>
                </figure>
            </li>
        }
    });
    let neighbours = neighbours.collect_view();
    let caption = [text::PROBABILITY, ": ", name.as_str()].concat();
    view! {
        <li class="answer">
            <div>
                <Picture pixels=image.picture alt=name.clone() />
                <p class="file-name muted small">{folders::file_name(&name).to_owned()}</p>
            </div>
            <div class="answer-said">
                <h3>{title}</h3>
                <table class="bars">
                    <caption class="visually-hidden">{caption}</caption>
                    <thead class="visually-hidden">
                        <tr>
                            {heads("", [text::CLASS, text::PROBABILITY])} <td></td>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <div class="answer-like">
                <h4>{text::NEIGHBOURS}</h4>
                <p class="muted small">{text::NEIGHBOURS_HELP}</p>
                <ul class="panel-images">{neighbours}</ul>
            </div>
        </li>
    }
}
