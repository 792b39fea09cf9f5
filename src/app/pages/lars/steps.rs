//! The content of each step at the present values: its numbers in a formula and in
//! words, a picture, and tables.

use super::draw::{Bar, Curve, bar, bars, curves, given, number, tex};
use super::state::State;
use crate::app::parts::lesson::draw::{bracketed, minus, strings};
use crate::app::reactive::{live, memo};
use crate::app::router::Link;
use crate::app::text::lars as text;
use crate::core::lars::{Lars, adapts};
use crate::core::lesson::lars::bowls::{self, BOWLS, End};
use crate::core::lesson::lars::recorded_run::runs;
use crate::core::lesson::lars::trust_ratio::{TrustHistory, TrustRatio, bound, curve, ends, spread};
use crate::core::lesson::lars::worked_example::{self as example, LARS, RATES, Rule, TutorialError};
use crate::core::plot;
use leptos::prelude::*;

/// A step's content.
#[derive(Clone, Default, PartialEq)]
pub struct Content {
    /// The step's formula with the numbers in it; may be empty.
    pub formula: String,
    pub words: String,
    pub picture: String,
    pub tables: Vec<Table>,
}

/// Caption and cells; the first row heads the others.
pub type Table = (String, Vec<Vec<String>>);

/// A picture with words over it.
fn headed(words: &str, picture: &str) -> String {
    ["<p class=\"lars-heading\">", words, "</p>", picture].concat()
}

/// Name and value of each bar, as a table.
fn listed(head: [&str; 2], rows: &[Bar]) -> Vec<Vec<String>> {
    std::iter::once(strings(head)).chain(rows.iter().map(|r| strings([&r.name, &r.words]))).collect()
}

/// Four bowls: the distance to the best weights by SGD and by LARS.
pub fn one_rate(state: State) -> Content {
    let (sgd, t) = (state.get("sgd"), state.index("t"));
    let now = [bowls::run(bowls::Rule::Sgd, sgd)[t], bowls::run(bowls::Rule::Lars, state.get("lars"))[t]];
    let far = |d: f64| if d >= bowls::FAR { text::FAR.to_owned() } else { number(d) };
    // How a layer ended is known at the end only.
    let end = |d: f64| if t == bowls::STEPS { text::ENDS[End::of(d) as usize] } else { "" };
    let mut picture = String::new();
    for (distances, rule) in now.iter().zip(text::RUNS.iter().rev()) {
        let rows: Vec<Bar> = (0..bowls::LAYERS)
            .map(|i| Bar {
                name: text::layer(i + 1, BOWLS[i].curvature),
                value: distances[i],
                words: if t == bowls::STEPS { end(distances[i]).into() } else { far(distances[i]) },
                strong: distances[i] > 1.0,
            })
            .collect();
        picture += &headed(rule, &bars(&text::distances(t, rule), &rows, [1e-3, 1e6], true, true));
    }
    let mut rows = vec![strings(text::RATE_HEADS)];
    rows.extend((0..bowls::LAYERS).map(|i| {
        let [a, b] = [0, 1].map(|rule| now[rule][i]);
        strings([&(i + 1).to_string(), &BOWLS[i].curvature.to_string(), &far(a), end(a), &far(b), end(b)])
    }));
    let factor = |i: usize| {
        let c = BOWLS[i].curvature;
        let by = tex(bowls::factor(sgd, c));
        format!("\\text{{{}}} &|1 - {} * {c}| = \\hot{{{by}}}", text::layer_name(i + 1), tex(sgd))
    };
    Content {
        formula: [&factor(0), " \\\\ ", &factor(bowls::LAYERS - 1)].concat(),
        words: text::FACTORS.into(),
        picture,
        tables: vec![(text::distance_caption(t), rows)],
    }
}

/// Keys of each layer's ‖w‖ and ‖g‖.
const NORMS: [[&str; 2]; 3] = [["w", "g"], ["w2", "g2"], ["w3", "g3"]];

/// λ of three layers from their norms.
pub fn trust_ratios(state: State) -> Content {
    let lars = Lars { weight_decay: state.get("beta"), trust_coefficient: state.get("eta"), ..LARS };
    let all = NORMS.map(|[w, g]| TrustRatio::new(&lars, state.get(w), state.get(g)));
    let name = |i: usize| text::layer_name(i + 1);
    let line = |i: usize| {
        let p = &all[i];
        if p.by_rule {
            return format!("λ_{} &= \\hot{{1}} \\,\\, \\text{{{}}}", i + 1, text::BY_RULE);
        }
        let [eta, w, g, beta] = [lars.trust_coefficient, p.weight, p.gradient, lars.weight_decay].map(given);
        let [above, below, ratio] = [p.numerator, p.denominator, p.ratio].map(tex);
        format!(
            "λ_{} &= \\frac{{{eta} * {w}}}{{{g} + {beta} * {w}}} = \\frac{{{above}}}{{{below}}} = \\hot{{{ratio}}}",
            i + 1
        )
    };
    let of = |part: fn(&TrustRatio) -> f64| -> Vec<Bar> {
        all.iter().enumerate().map(|(i, p)| bar(name(i), part(p), false)).collect()
    };
    let bar_rows = [of(|p| p.ratio), of(|p| p.longest_share(1.0)), of(|p| p.plain_share(1.0))];
    let picture = text::PARTS_BARS.iter().zip(&bar_rows).map(|(words, rows)| {
        let scale = if *words == text::PARTS_BARS[2] { [1e-3, 100.0] } else { [1e-5, 1.0] };
        headed(words, &bars(words, rows, scale, true, false))
    });
    let values = all.map(|p| {
        let updates =
            [p.gradient_part(1.0), p.decay_part(1.0), p.longest(1.0), p.longest_share(1.0), p.plain_share(1.0)];
        [[p.weight, p.gradient, p.numerator, p.decay, p.ratio], updates].concat()
    });
    let mut rows = vec![std::iter::once(text::PART.to_owned()).chain((0..all.len()).map(name)).collect::<Vec<_>>()];
    rows.extend(
        text::PARTS
            .iter()
            .enumerate()
            .map(|(n, part)| std::iter::once((*part).to_owned()).chain(values.iter().map(|v| number(v[n]))).collect()),
    );
    Content {
        formula: [0, 1, 2].map(line).join(" \\\\ "),
        words: if all.iter().any(|p| p.by_rule) { text::RULED } else { text::EVEN }.into(),
        picture: picture.collect(),
        tables: vec![(text::PARTS_CAPTION.into(), rows)],
    }
}

/// λ of every layer of the recorded run.
pub fn recorded(state: State) -> Content {
    let run = &runs()[state.index("run")];
    // The slider counts from 1.
    let Some(moment) = state.index("at").checked_sub(1).and_then(|at| run.moments.get(at)) else {
        return Content::default();
    };
    let ratios = moment.ratios();
    let named = || run.layers().zip(&ratios);
    let bar_rows: Vec<Bar> = named().map(|(n, p)| bar(n, p.ratio, false)).collect();
    let mut rows = vec![strings(text::RUN_HEADS)];
    rows.extend(named().map(|(name, p)| {
        let [lars, sgd] = [p.share(moment.rate), p.plain_share(moment.rate)].map(number);
        strings([name, &number(p.weight), &number(p.gradient), &number(p.ratio), &lars, &sgd])
    }));
    let apart = spread(ratios.iter().map(|p| p.ratio));
    // Of the first layer and the last.
    let share = |(name, p): (&str, &TrustRatio)| {
        format!(
            "\\text{{{name}}} \\,\\, & \\frac{{{} * {} * {}}}{{{}}} = \\hot{{{}}}",
            tex(moment.rate),
            tex(p.ratio),
            tex(p.gradient),
            tex(p.weight),
            tex(p.share(moment.rate))
        )
    };
    let (Some(first), Some(last)) = (named().next(), named().last()) else { return Content::default() };
    Content {
        formula: [first, last].map(share).join(" \\\\ "),
        words: text::moment(moment.step, &number(moment.rate), &number(moment.loss), apart),
        picture: bars(text::RUN_PICTURE, &bar_rows, [1e-4, 1.0], true, false),
        tables: vec![(text::run_caption(moment.step), rows)],
    }
}

/// λ as the gradient fades.
pub fn weight_decay(state: State) -> Content {
    let beta = state.get("decay");
    let lars = Lars { weight_decay: beta, ..LARS };
    let bound = bound(&lars);
    let points = curve(&lars, 5.0, 10.0, 1e-6, 8);
    let fading = points.iter().map(|&(g, ratio)| bar(text::fading(&given(g)), ratio, false));
    let rows: Vec<Bar> = fading.chain([bar(text::BOUND, bound, true)]).collect();
    Content {
        formula: format!(
            "\\frac{{η}}{{β}} = \\frac{{{}}}{{{}}} = \\hot{{{}}}",
            lars.trust_coefficient,
            given(beta),
            tex(bound)
        ),
        words: text::FADING.into(),
        picture: bars(text::DECAY_PICTURE, &rows, [1e-4, 1e4], true, false),
        tables: vec![(text::DECAY_CAPTION.into(), listed(text::DECAY_HEADS, &rows))],
    }
}

/// The worked example by each program's rule.
pub fn momentum(state: State) -> Content {
    let rates = RATES[state.index("rates").min(RATES.len() - 1)];
    let lars = Lars { momentum: state.get("mu"), ..LARS };
    let runs = Rule::ALL.map(|rule| example::run(rule, &lars, &rates));
    let far: Vec<f64> = runs.iter().map(|r| example::travelled(r)[3]).collect();
    let most = far.iter().copied().fold(0.0, f64::max);
    let bar_rows: Vec<Bar> = text::RULES.iter().zip(&far).map(|(n, &d)| bar(*n, d, *n == text::RULES[0])).collect();
    let mut rows = vec![strings(text::MOMENTUM_HEADS)];
    for (rule, run) in text::RULES.iter().zip(&runs) {
        rows.extend(run.iter().enumerate().map(|(i, s)| {
            let [[v1, v2], [w1, w2]] = [s.velocity, s.weights].map(|x| x.map(|x| minus(&format!("{x:.10}"))));
            strings([&text::rule_step(rule, i + 1), &number(s.rate), &number(s.ratio), &v1, &v2, &w1, &w2])
        }));
    }
    let [first, second] = [&runs[0][0], &runs[0][1]];
    let along = example::decayed(&lars, first.weights, example::GRADIENT)[0];
    let four = |x: f64| format!("{x:.4}");
    Content {
        formula: format!(
            "v &= {} * {} + {} * {} * {} \\\\ &= {} \\\\ w &= {} - {} = \\hot{{{}}}",
            given(lars.momentum),
            tex(first.velocity[0]),
            given(second.rate),
            tex(second.ratio),
            given(along),
            tex(second.velocity[0]),
            four(first.weights[0]),
            tex(second.velocity[0]),
            four(second.weights[0])
        ),
        words: text::gain(
            rates.len(),
            &given(example::gain(lars.momentum, rates.len())),
            &given(example::limit(lars.momentum)),
        ),
        picture: bars(text::MOMENTUM_PICTURE, &bar_rows, [0.0, most], false, false),
        tables: vec![(text::MOMENTUM_CAPTION.into(), rows)],
    }
}

/// Steps whose distances the table lists, besides the one shown.
const LISTED: [usize; 9] = [0, 1, 2, 5, 10, 20, 50, 100, 200];

/// A bias with λ and without.
pub fn bias(state: State) -> Content {
    let t = state.index("bias");
    let runs_of = [false, true].map(|adapted| example::run_bias(&LARS, adapted, LISTED[8]));
    let left = runs_of.each_ref().map(|run| example::bias_distances(run));
    let [without, with] = [left[0][t], left[1][t]];
    let bar_rows = [bar(text::WITHOUT, without, true), bar(text::WITH, with, false)];
    let mut listed_steps: Vec<usize> = LISTED.into_iter().chain([t]).collect();
    listed_steps.sort_unstable();
    listed_steps.dedup();
    let mut distances = vec![strings(text::BIAS_HEADS)];
    distances.extend(listed_steps.iter().map(|&t| strings([&t.to_string(), &number(left[0][t]), &number(left[1][t])])));
    let mut tensors = vec![strings(text::TENSOR_HEADS)];
    tensors.extend(runs()[0].tensors.iter().map(|t| {
        let shape = t.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
        strings([t.name, &shape, text::GETS[usize::from(adapts(&t.shape))]])
    }));
    // The step that led here, of the first entry without λ.
    let written = t.checked_sub(1).map(|last| {
        let before = |x: fn(&example::Step) -> f64| last.checked_sub(1).map_or(0.0, |i| x(&runs_of[0][i]));
        let (v, b, now) = (before(|s| s.velocity[0]), before(|s| s.weights[0]), &runs_of[0][last]);
        format!(
            "v &= {} * {} + {} * {} = {} \\\\ b &= {} - {} = \\hot{{{}}}",
            given(LARS.momentum),
            bracketed(&tex(v)),
            given(example::BIAS_RATE),
            bracketed(&tex(example::bias_gradient([b, 0.0])[0])),
            tex(now.velocity[0]),
            tex(b),
            bracketed(&tex(now.velocity[0])),
            tex(now.weights[0])
        )
    });
    Content {
        formula: written.unwrap_or_default(),
        words: text::left(t, &number(without), &number(with)),
        picture: bars(text::BIAS_PICTURE, &bar_rows, [0.0, 0.5], false, false),
        tables: vec![(text::BIAS_CAPTION.into(), distances), (text::TENSORS.into(), tensors)],
    }
}

/// The tutorial's errors beside the right numbers.
pub fn tutorial_errors(state: State) -> Content {
    let at = state.index("slip");
    let rates = [0.1, 0.1];
    let both = [example::run(Rule::Paper, &LARS, &rates), example::run_printed(TutorialError::ALL[at], &LARS, &rates)];
    let far = both.each_ref().map(|run| example::travelled(run));
    let most = far.iter().flatten().copied().fold(0.0, f64::max);
    let (mut bar_rows, mut rows) = (Vec::new(), vec![strings(text::ERROR_HEADS)]);
    for step in 0..rates.len() {
        for i in 0..both.len() {
            let s = &both[i][step];
            let title = text::error_step(step + 1, i == 0);
            let all = [s.ratio, s.velocity[0], s.velocity[1], s.weights[0], s.weights[1]].map(number);
            rows.push(std::iter::once(title.clone()).chain(all).collect());
            bar_rows.push(bar(title, far[i][step], i == 0));
        }
    }
    let vector = |v: [f64; 2]| format!("({}, {})", tex(v[0]), tex(v[1]));
    let line = |name: &str, i: usize| {
        let s = &both[i][0];
        let [v, w] = [s.velocity, s.weights].map(vector);
        format!(
            "\\text{{{name}}} \\,\\, & {} \\\\ & λ = {} \\\\ & v = {v} \\\\ & w = \\hot{{{w}}}",
            text::ERROR_FORMULAS[at][i],
            tex(s.ratio)
        )
    };
    Content {
        formula: [&line(text::RIGHT_NAME, 0), " \\\\ ", &line(text::PRINTED_NAME, 1)].concat(),
        words: text::ERROR_MEANS[at].into(),
        picture: bars(text::ERROR_PICTURE, &bar_rows, [most * 1e-6, most], true, false),
        tables: vec![(text::ERRORS[at].into(), rows)],
    }
}

/// λ of every layer of the run on this page, or of the recorded run before there is one.
pub fn own_run(state: State) -> Content {
    state.store.trust.with(|history| match history.range() {
        Some(range) => content(history, range),
        None => {
            let other = history.layers().is_empty() && state.store.run.get().is_active();
            let history = runs()[0].history();
            let words = if other { text::NOT_LARS } else { text::NO_RUN }.into();
            history.range().map_or_else(Content::default, |range| Content { words, ..content(&history, range) })
        }
    })
}

/// A link to the page that starts a run, until there is one.
pub fn pretrain_link(state: State) -> AnyView {
    let none = memo(move || state.store.trust.with(|history| history.range().is_none()));
    view! {
        {live(move || {
            none.get()
                .then(|| {
                    view! {
                        <div class="actions">
                            <Link to="/pretrain" attr:class="button">{text::TO_PRETRAIN}</Link>
                        </div>
                    }
                })
        })}
    }
    .into_any()
}

/// Most steps, that is columns, in the table of a run.
const COLUMNS: usize = 5;

fn content(history: &TrustHistory, [low, high]: [f64; 2]) -> Content {
    let moments = history.moments();
    let (first, last) = (moments[0], moments[moments.len() - 1]);
    let all: Vec<Curve> = history
        .layers()
        .iter()
        .enumerate()
        .map(|(i, name)| Curve { name, points: history.of(i), words: number(f64::from(last.ratios[i])) })
        .collect();
    let columns = plot::spread(&moments, COLUMNS);
    let head = columns.iter().map(|m| text::step(m.step));
    let mut rows: Vec<Vec<String>> = vec![strings([text::LAYER]).into_iter().chain(head).collect()];
    rows.extend(history.layers().iter().enumerate().map(|(i, name)| {
        let cells = columns.iter().map(|m| number(f64::from(m.ratios[i])));
        std::iter::once(name.clone()).chain(cells).collect()
    }));
    let ratios = last.ratios.iter().copied().map(f64::from);
    let [least, most] = ends(ratios.clone());
    let apart = spread(ratios);
    Content {
        formula: format!(
            "\\frac{{λ_{{max}}}}{{λ_{{min}}}} = \\frac{{{}}}{{{}}} = \\hot{{{apart:.1}}}",
            tex(most),
            tex(least)
        ),
        words: text::live(last.step, apart),
        picture: curves(&text::live_picture(first.step, last.step), &all, [low, high]),
        tables: vec![(text::LIVE_CAPTION.into(), rows)],
    }
}
