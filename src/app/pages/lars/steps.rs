//! What each step computes: its numbers in a formula and in words, a picture,
//! and a table behind it.

use super::draw::{Row, bars, bracketed, given, number, row, tex};
use super::state::State;
use crate::app::parts::lesson::draw::strings;
use crate::app::text::lars as text;
use crate::core::lars::{Lars, adapts};
use crate::core::lesson::lars::momentum::{self as example, LARS, Rule};
use crate::core::lesson::lars::race::{self as model, BOWLS, End};
use crate::core::lesson::lars::recorded::runs;
use crate::core::lesson::lars::slips::{self, Slip};
use crate::core::lesson::lars::{excluded as bias, layer as one};

/// What follows from the sliders.
#[derive(Clone, Default, PartialEq)]
pub struct Shown {
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
fn listed(head: [&str; 2], rows: &[Row]) -> Vec<Vec<String>> {
    std::iter::once(strings(head)).chain(rows.iter().map(|r| strings([&r.name, &r.words]))).collect()
}

pub fn race(state: State) -> Shown {
    let (sgd, t) = (state.get("sgd"), state.index("t"));
    let now = [model::run(model::Rule::Sgd, sgd)[t], model::run(model::Rule::Lars, state.get("lars"))[t]];
    let far = |d: f64| if d >= model::FAR { text::FAR.to_owned() } else { number(d) };
    // How a layer ended is known at the end only.
    let end = |d: f64| if t == model::STEPS { text::ENDS[End::of(d) as usize] } else { "" };
    let mut picture = String::new();
    for (distances, rule) in now.iter().zip(text::RUNS.iter().rev()) {
        let rows: Vec<Row> = (0..model::LAYERS)
            .map(|i| Row {
                name: text::layer(i + 1, BOWLS[i].curvature),
                value: distances[i],
                words: if t == model::STEPS { end(distances[i]).into() } else { far(distances[i]) },
                strong: distances[i] > 1.0,
            })
            .collect();
        picture += &headed(rule, &bars(&text::distances(t, rule), &rows, [1e-3, 1e6], true, true));
    }
    let mut rows = vec![strings(text::RACE_HEADS)];
    rows.extend((0..model::LAYERS).map(|i| {
        let [a, b] = [0, 1].map(|rule| now[rule][i]);
        strings([&(i + 1).to_string(), &BOWLS[i].curvature.to_string(), &far(a), end(a), &far(b), end(b)])
    }));
    let factor = |i: usize| {
        let c = BOWLS[i].curvature;
        let by = tex(model::factor(sgd, c));
        format!("\\text{{{}}} &|1 - {} * {c}| = \\hot{{{by}}}", text::layer_name(i + 1), tex(sgd))
    };
    Shown {
        formula: [&factor(0), " \\\\ ", &factor(model::LAYERS - 1)].concat(),
        words: text::FACTORS.into(),
        picture,
        tables: vec![(text::race_caption(t), rows)],
    }
}

/// The keys of each layer's ‖w‖ and ‖g‖.
const NORMS: [[&str; 2]; 3] = [["w", "g"], ["w2", "g2"], ["w3", "g3"]];

pub fn layers(state: State) -> Shown {
    let lars = Lars { weight_decay: state.get("beta"), trust_coefficient: state.get("eta"), ..LARS };
    let all = NORMS.map(|[w, g]| one::Parts::new(&lars, state.get(w), state.get(g)));
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
    let of = |part: fn(&one::Parts) -> f64| -> Vec<Row> {
        all.iter().enumerate().map(|(i, p)| row(name(i), part(p), false)).collect()
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
    Shown {
        formula: [0, 1, 2].map(line).join(" \\\\ "),
        words: if all.iter().any(|p| p.by_rule) { text::RULED } else { text::EVEN }.into(),
        picture: picture.collect(),
        tables: vec![(text::PARTS_CAPTION.into(), rows)],
    }
}

pub fn recorded(state: State) -> Shown {
    let run = &runs()[state.index("run")];
    // Counted from 1.
    let Some(moment) = state.index("at").checked_sub(1).and_then(|at| run.moments.get(at)) else {
        return Shown::default();
    };
    let names = run.tensors.iter().filter(|t| adapts(&t.shape)).map(|t| t.name);
    let parts = moment.parts();
    let named = || names.clone().zip(&parts);
    let bar_rows: Vec<Row> = named().map(|(n, p)| row(n, p.ratio, false)).collect();
    let mut rows = vec![strings(text::RUN_HEADS)];
    rows.extend(named().map(|(name, p)| {
        let [lars, sgd] = [p.share(moment.rate), p.plain_share(moment.rate)].map(number);
        strings([name, &number(p.weight), &number(p.gradient), &number(p.ratio), &lars, &sgd])
    }));
    let spread = one::spread(parts.iter().map(|p| p.ratio));
    // Of the first layer and the last.
    let share = |(name, p): (&str, &one::Parts)| {
        format!(
            "\\text{{{name}}} \\,\\, & \\frac{{{} * {} * {}}}{{{}}} = \\hot{{{}}}",
            tex(moment.rate),
            tex(p.ratio),
            tex(p.gradient),
            tex(p.weight),
            tex(p.share(moment.rate))
        )
    };
    let (Some(first), Some(last)) = (named().next(), named().last()) else { return Shown::default() };
    Shown {
        formula: [first, last].map(share).join(" \\\\ "),
        words: text::moment(moment.step, &number(moment.rate), &number(moment.loss), spread),
        picture: bars(text::RUN_PICTURE, &bar_rows, [1e-4, 1.0], true, false),
        tables: vec![(text::run_caption(moment.step), rows)],
    }
}

pub fn decay(state: State) -> Shown {
    let beta = state.get("decay");
    let lars = Lars { weight_decay: beta, ..LARS };
    let bound = one::bound(&lars);
    let points = one::curve(&lars, 5.0, 10.0, 1e-6, 8);
    let fading = points.iter().map(|&(g, ratio)| row(text::fading(&given(g)), ratio, false));
    let rows: Vec<Row> = fading.chain([row(text::BOUND, bound, true)]).collect();
    Shown {
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

pub fn momentum(state: State) -> Shown {
    let rates = [[0.1; 4], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]][state.index("rates").min(2)];
    let lars = Lars { momentum: state.get("mu"), ..LARS };
    let runs = Rule::ALL.map(|rule| example::run(rule, &lars, &rates));
    let far: Vec<f64> = runs.iter().map(|r| example::travelled(r)[3]).collect();
    let most = far.iter().copied().fold(0.0, f64::max);
    let bar_rows: Vec<Row> = text::RULES.iter().zip(&far).map(|(n, &d)| row(*n, d, *n == text::RULES[0])).collect();
    let mut rows = vec![strings(text::MOMENTUM_HEADS)];
    for (rule, run) in text::RULES.iter().zip(&runs) {
        rows.extend(run.iter().enumerate().map(|(i, s)| {
            let [[v1, v2], [w1, w2]] = [s.velocity, s.weights].map(|x| x.map(|x| format!("{x:.10}").replace('-', "−")));
            strings([&text::rule_step(rule, i + 1), &number(s.rate), &number(s.ratio), &v1, &v2, &w1, &w2])
        }));
    }
    let [first, second] = [&runs[0][0], &runs[0][1]];
    let along = example::decayed(&lars, first.weights, example::GRADIENT)[0];
    let four = |x: f64| format!("{x:.4}");
    Shown {
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

/// Steps of which the table tells the distances, beside the one shown.
const TOLD: [usize; 9] = [0, 1, 2, 5, 10, 20, 50, 100, 200];

pub fn excluded(state: State) -> Shown {
    let t = state.index("bias");
    let runs_of = [false, true].map(|adapted| bias::run(&LARS, adapted, TOLD[8]));
    let left = runs_of.each_ref().map(|run| bias::distances(run));
    let [without, with] = [left[0][t], left[1][t]];
    let bar_rows = [row(text::WITHOUT, without, true), row(text::WITH, with, false)];
    let mut told: Vec<usize> = TOLD.into_iter().chain([t]).collect();
    told.sort_unstable();
    told.dedup();
    let mut distances = vec![strings(text::BIAS_HEADS)];
    distances.extend(told.iter().map(|&t| strings([&t.to_string(), &number(left[0][t]), &number(left[1][t])])));
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
            bracketed(v),
            given(bias::RATE),
            bracketed(bias::gradient([b, 0.0])[0]),
            tex(now.velocity[0]),
            tex(b),
            bracketed(now.velocity[0]),
            tex(now.weights[0])
        )
    });
    Shown {
        formula: written.unwrap_or_default(),
        words: text::left(t, &number(without), &number(with)),
        picture: bars(text::BIAS_PICTURE, &bar_rows, [0.0, 0.5], false, false),
        tables: vec![(text::BIAS_CAPTION.into(), distances), (text::TENSORS.into(), tensors)],
    }
}

pub fn printed(state: State) -> Shown {
    let at = state.index("slip");
    let rates = [0.1, 0.1];
    let both = [example::run(Rule::Paper, &LARS, &rates), slips::run(Slip::ALL[at], &LARS, &rates)];
    let far = both.each_ref().map(|run| example::travelled(run));
    let most = far.iter().flatten().copied().fold(0.0, f64::max);
    let (mut bar_rows, mut rows) = (Vec::new(), vec![strings(text::SLIP_HEADS)]);
    for step in 0..rates.len() {
        for i in 0..both.len() {
            let s = &both[i][step];
            let title = text::slip_step(step + 1, i == 0);
            let all = [s.ratio, s.velocity[0], s.velocity[1], s.weights[0], s.weights[1]].map(number);
            rows.push(std::iter::once(title.clone()).chain(all).collect());
            bar_rows.push(row(title, far[i][step], i == 0));
        }
    }
    let vector = |v: [f64; 2]| format!("({}, {})", tex(v[0]), tex(v[1]));
    let line = |name: &str, i: usize| {
        let s = &both[i][0];
        let [v, w] = [s.velocity, s.weights].map(vector);
        format!(
            "\\text{{{name}}} \\,\\, & {} \\\\ & λ = {} \\\\ & v = {v} \\\\ & w = \\hot{{{w}}}",
            text::SLIP_FORMULAS[at][i],
            tex(s.ratio)
        )
    };
    Shown {
        formula: [&line(text::RIGHT_NAME, 0), " \\\\ ", &line(text::PRINTED_NAME, 1)].concat(),
        words: text::SLIP_MEANS[at].into(),
        picture: bars(text::SLIP_PICTURE, &bar_rows, [most * 1e-6, most], true, false),
        tables: vec![(text::SLIPS[at].into(), rows)],
    }
}
