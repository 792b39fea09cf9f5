//! Steps 1 to 3: the views of two sample images, the matrix of their similarities, and what each entry is to its row.

use super::state::{NtXentSignals, batch_now, reset, six};
use crate::app::parts::lesson::draw::{bracketed, formula, plain, table};
use crate::app::parts::widgets::Picture;
use crate::app::reactive::{act, derive, live, memo};
use crate::app::text::nt_xent as text;
use crate::core::lesson::nt_xent::DRAWS;
use crate::core::lesson::nt_xent::cosines::{Cosines, PAIRS};
use crate::core::lesson::nt_xent::views::{IMAGES, NEGATIVES, SampleView, VIEW_COUNT, VIEWS, originals};
use leptos::prelude::*;

/// The augmentations of a view, in words.
fn augmentations(view: &SampleView) -> String {
    let SampleView { params, .. } = view;
    let all = [(params.flip, text::FLIPPED), (params.jitter.is_some(), text::JITTERED), (params.gray, text::GRAY)];
    let words = all.into_iter().filter(|(there, _)| *there).map(|(_, words)| words.to_owned());
    std::iter::once(text::crop(view.crop_area())).chain(words).collect::<Vec<_>>().join(", ")
}

/// Two sample images, and two views of each by the augmentation that trains.
pub fn views(state: NtXentSignals) -> AnyView {
    let rows = originals().into_iter().enumerate().map(|(image, original)| {
        let view = |which: usize| {
            let drawn = derive(move || state.views.with(|all| all[image][which].picture.clone()));
            let words = move || state.views.with(|all| augmentations(&all[image][which]));
            let name = VIEWS[image + 2 * which];
            let alt = derive(move || text::view_alt(name, &words()));
            view! {
                <figure>
                    <Picture pixels=drawn alt=alt />
                    <figcaption>
                        <strong>{name}</strong>
                        " "
                        {live(words)}
                    </figcaption>
                </figure>
            }
            .into_any()
        };
        view! {
            <div class="lesson-views">
                <figure>
                    <Picture pixels=derive(move || original.clone()) alt=derive(move || text::image_alt(image)) />
                    <figcaption>{format!("{} {}", text::ORIGINAL, image + 1)}</figcaption>
                </figure>
                {view(0)}
                {view(1)}
            </div>
        }
    });
    view! {
        {rows.collect_view()}
        <p>{text::PAIRS}</p>
        {counts()}
        <div class="actions">
            <button on:click=act(move |_| state.draw.update(|draw| *draw = *draw % DRAWS + 1))>{text::REDRAW}</button>
        </div>
    }
    .into_any()
}

/// The matrix, whose entries can be changed.
pub fn matrix(state: NtXentSignals) -> AnyView {
    let wrong = RwSignal::new(false);
    // The entry that had the focus last; its product is written out.
    let last = RwSignal::new((1, 2));
    let cell = move |i: usize, k: usize| {
        let value = memo(move || state.cosines.with(|c| c.get(i, k)));
        let warm = move || format!("--heat: {:.0}%", value.get().powi(2) * 45.0);
        let set = move |event: leptos::ev::Event| {
            let typed = event_target_value(&event).parse().unwrap_or(f64::NAN);
            let taken = state.cosines.try_update(|c| c.set(i, k, typed)).unwrap_or(false);
            wrong.set(!taken);
            if !taken {
                let target: web_sys::HtmlInputElement = event_target(&event);
                target.set_value(&value.get_untracked().to_string());
            }
        };
        let inside = if i == k {
            view! { <span>"1"</span> }.into_any()
        } else {
            view! {
                <input
                    type="number"
                    min="-1"
                    max="1"
                    step="0.01"
                    aria-label=text::entry(i, k)
                    prop:value=move || value.get().to_string()
                    on:change=act(set)
                    on:focus=act(move |_| last.set((i.min(k), i.max(k))))
                />
            }
            .into_any()
        };
        view! { <td class:cold=move || value.get() < 0.0 style=warm>{inside}</td> }
    };
    let rows = (0..VIEW_COUNT).map(|i| {
        view! {
            <tr>
                <th scope="row">{VIEWS[i]}</th>
                {(0..VIEW_COUNT).map(|k| cell(i, k)).collect_view()}
            </tr>
        }
    });
    let found = memo(move || state.cosines.with(Cosines::embedding));
    let verdict = move || match found.get() {
        Ok(_) => text::POSSIBLE.to_owned(),
        Err(reason) => text::impossible(reason),
    };
    let vectors = memo(move || found.with(Result::is_ok));
    let written = move || {
        let z = found.get().unwrap_or_default();
        if z.is_empty() { String::new() } else { product(&z, last.get(), state.cosines.get()) }
    };
    view! {
        <table class="lesson-matrix">
            <caption>{text::MATRIX}</caption>
            <thead>
                <tr>
                    <td></td>
                    {VIEWS.map(|view| view! { <th scope="col">{view}</th> }).collect_view()}
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
        <p role="alert">{live(move || wrong.get().then_some(text::OUT_OF_RANGE))}</p>
        <p role="status">{verdict}</p>
        {live(move || vectors.get().then(|| view! { <p class="muted small">{text::PRODUCT}</p> {formula(written)} }))}
        {batch_now(state)}
        {reset(state, move || wrong.set(false))}
    }
    .into_any()
}

/// Two rows of `z` and their product, which is their cosine: their lengths are 1.
fn product(z: &[f64], (i, k): (usize, usize), cosines: Cosines) -> String {
    // 0 and 1 as such: the first vectors lie along axes.
    let short = |x: f64| if x.fract() == 0.0 { plain(x) } else { six(x) };
    let row = |i: usize| z[i * VIEW_COUNT..(i + 1) * VIEW_COUNT].iter().map(|&x| short(x)).collect::<Vec<_>>();
    let (a, b) = (row(i), row(k));
    let name = |i: usize| format!("z_{{\\text{{{}}}}}", VIEWS[i]);
    // Beyond the earlier vector's last entry each product is 0.
    let terms: Vec<String> = (0..=i).map(|d| format!("{} * {}", a[d], bracketed(&b[d]))).collect();
    format!(
        "{0} &= ({2}) \\\\ {1} &= ({3}) \\\\ {0} * {1} &= {4} = \\hot{{{5}}}",
        name(i),
        name(k),
        a.join(", "),
        b.join(", "),
        terms.join(" + "),
        plain(cosines.get(i, k))
    )
}

/// The matrix again, with the role of each entry in its row.
pub fn mask(state: NtXentSignals) -> AnyView {
    let marked = table(text::MASK, move || {
        let s = state.similarities();
        let mut rows = vec![[""].iter().chain(&VIEWS).map(|v| (*v).to_owned()).collect()];
        for (i, view) in VIEWS.iter().enumerate() {
            let cell = |k: usize| {
                let (class, word) = match k {
                    _ if k == i => ("out", text::OUT),
                    _ if k == s.positive(i) => ("pos", text::POSITIVE),
                    _ => ("neg", text::NEGATIVE),
                };
                let number = if k == i { "–".into() } else { plain(s.cosine(i, k)) };
                format!("<span class=\"role {class}\">{number}<small>{word}</small></span>")
            };
            rows.push(std::iter::once((*view).to_owned()).chain((0..VIEW_COUNT).map(cell)).collect());
        }
        rows
    });
    // Each row's positive and negatives, counted from 1.
    let indices = formula(move || {
        let s = state.similarities();
        let line = |i: usize| {
            let row = s.anchor(i, 1.0);
            let sign = if row.positive > i { '+' } else { '-' };
            let negatives: Vec<String> = row.negatives.iter().map(|k| (k + 1).to_string()).collect();
            let (row, positive) = (i + 1, row.positive + 1);
            format!(
                "i = {row} \\text{{ ({})}} \\,\\,\\, & j = {row} {sign} {} = \\hot{{{positive}}} \\,\\,\\, & \\text{{{} }} {}",
                VIEWS[i],
                IMAGES,
                text::NEGATIVES,
                negatives.join(", ")
            )
        };
        (0..VIEW_COUNT).map(line).collect::<Vec<_>>().join(" \\\\ ")
    });
    view! { {marked} {indices} }.into_any()
}

/// The counts of the first step, for the example.
fn counts() -> AnyView {
    let (pairs, positives) = (PAIRS.len(), IMAGES);
    let [views, negatives, both] = text::COUNTS.map(|words| format!("\\text{{ {words}}}"));
    let written = format!(
        "2N &= 2 * {IMAGES} = \\hot{{{VIEW_COUNT}}} {views} \\\\ 2N - 2 &= {VIEW_COUNT} - 2 = \\hot{{{NEGATIVES}}} {negatives} \\\\ \
         \\frac{{{VIEW_COUNT} * {}}}{{2}} &= {pairs} = \\pos{{{positives}}} + {} {both}",
        VIEW_COUNT - 1,
        pairs - positives
    );
    formula(move || written.clone())
}
