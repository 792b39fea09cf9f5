//! What was said of each image: classes with their probabilities, and the training
//! images most like it.

use crate::app::parts::widgets::Picture;
use crate::app::text::classify as text;
use crate::core::dataset::tree;
use crate::core::run::classify::{Classified, ClassifyReport};
use leptos::prelude::*;

/// Classes that have a row of their own.
const ROWS: usize = 5;

/// Classes by probability, the likeliest first.
fn ranked(image: &Classified) -> Vec<(usize, f32)> {
    let mut all: Vec<(usize, f32)> = image.probabilities.iter().copied().enumerate().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

/// What a screen reader says when the answer is there.
pub fn summary(report: &ClassifyReport) -> String {
    let say = |image: &Classified| {
        let (class, _) = ranked(image).first().copied().unwrap_or_default();
        text::announced(&image.picture.name, report.classes.get(class).map_or("", String::as_str))
    };
    report.images.iter().map(say).collect::<Vec<_>>().join(" ")
}

#[component]
pub fn Answers(report: ClassifyReport) -> impl IntoView {
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
        let words = text::whole(part);
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
            <div class="answer-image">
                <Picture pixels=image.picture alt=name.clone() />
                <p class="file-name muted small">{tree::file_name(&name).to_owned()}</p>
            </div>
            <div class="answer-said">
                <h3>{title}</h3>
                <table class="bars">
                    <caption class="visually-hidden">{caption}</caption>
                    <thead class="visually-hidden">
                        <tr>
                            <th scope="col">{text::CLASS}</th>
                            <th scope="col">{text::PROBABILITY}</th>
                            <td></td>
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
