//! What each step computes: its numbers in a formula and in words, a picture,
//! and a table behind it.

use super::draw::{Row, bars, number, row, tex};
use super::state::State;
use crate::app::parts::lesson::draw::strings;
use crate::app::text::lars as text;
use crate::core::float::norm;
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
    /// The table's; its first row heads it.
    pub caption: String,
    pub rows: Vec<Vec<String>>,
}

/// Name and value of each bar, as a table.
fn listed(head: [&str; 2], rows: &[Row]) -> Vec<Vec<String>> {
    std::iter::once(strings(head)).chain(rows.iter().map(|r| strings([&r.name, &r.words]))).collect()
}

pub fn race(state: State) -> Shown {
    let (sgd, t) = (state.get("sgd"), state.index("t"));
    let now = [model::run(model::Rule::Sgd, sgd)[t], model::run(model::Rule::Lars, state.get("lars"))[t]];
    let mut picture = String::new();
    for (distances, rule) in now.iter().zip(text::RUNS.iter().rev()) {
        let rows: Vec<Row> = (0..model::LAYERS)
            .map(|i| Row {
                name: text::layer(i + 1, BOWLS[i].curvature),
                value: distances[i],
                words: text::ENDS[End::of(distances[i]) as usize].into(),
                strong: distances[i] > 1.0,
            })
            .collect();
        picture.extend(["<p class=\"lars-heading\">", rule, "</p>"]);
        picture += &bars(&text::distances(t, rule), &rows, [1e-3, 1e6], true, true);
    }
    let mut rows = vec![strings(text::RACE_HEADS)];
    rows.extend((0..model::LAYERS).map(|i| {
        let [a, b] =
            [0, 1].map(|rule| if now[rule][i] >= model::FAR { text::FAR.into() } else { number(now[rule][i]) });
        strings([&(i + 1).to_string(), &BOWLS[i].curvature.to_string(), &a, &b])
    }));
    let factor = |i: usize| {
        let c = BOWLS[i].curvature;
        let by = tex((1.0 - sgd * c).abs());
        format!("\\text{{{}}} &|1 - {} * {c}| = \\hot{{{by}}}", text::layer_name(i + 1), tex(sgd))
    };
    Shown {
        formula: [&factor(0), " \\\\ ", &factor(model::LAYERS - 1)].concat(),
        words: text::FACTORS.into(),
        picture,
        caption: text::race_caption(t),
        rows,
    }
}

pub fn layer(state: State) -> Shown {
    let lars = Lars { weight_decay: state.get("beta"), trust_coefficient: state.get("eta"), ..LARS };
    let p = one::Parts::new(&lars, state.get("w"), state.get("g"));
    let formula = if p.by_rule {
        String::new()
    } else {
        let [eta, w, g, beta] = [lars.trust_coefficient, p.weight, p.gradient, lars.weight_decay].map(tex);
        let [above, below, ratio] = [p.numerator, p.denominator, p.ratio].map(tex);
        format!(
            "λ &= \\frac{{{eta} * {w}}}{{{g} + {beta} * {w}}} \\\\ &= \\frac{{{above}}}{{{below}}} = \\hot{{{ratio}}}"
        )
    };
    let values = [p.numerator, p.decay, p.gradient, p.ratio, p.gradient_part(1.0), p.decay_part(1.0), p.longest(1.0)];
    let rows: Vec<Row> = text::PARTS.iter().zip(values).map(|(name, v)| row(*name, v, *name == "λ")).collect();
    Shown {
        words: if p.by_rule { text::BY_RULE.into() } else { text::longest(&number(p.longest(1.0))) },
        formula,
        picture: bars(text::PARTS_PICTURE, &rows, [1e-5, 10.0], true, false),
        caption: text::PARTS_CAPTION.into(),
        rows: listed(text::PARTS_HEADS, &rows),
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
    let bar_rows: Vec<Row> = names.clone().zip(&parts).map(|(n, p)| row(n, p.ratio, false)).collect();
    let mut rows = vec![strings(text::RUN_HEADS)];
    rows.extend(names.zip(&parts).map(|(name, p)| {
        let [lars, sgd] = [p.gradient_part(moment.rate), moment.rate * p.gradient].map(|m| number(m / p.weight));
        strings([name, &number(p.weight), &number(p.gradient), &number(p.ratio), &lars, &sgd])
    }));
    let ratios = || parts.iter().map(|p| p.ratio);
    let spread = ratios().fold(0.0, f64::max) / ratios().fold(f64::INFINITY, f64::min);
    Shown {
        formula: String::new(),
        words: text::moment(moment.step, &number(moment.rate), &number(moment.loss), spread),
        picture: bars(text::RUN_PICTURE, &bar_rows, [1e-4, 1.0], true, false),
        caption: text::run_caption(moment.step),
        rows,
    }
}

pub fn decay(state: State) -> Shown {
    let beta = state.get("decay");
    let lars = Lars { weight_decay: beta, ..LARS };
    let bound = lars.trust_coefficient / beta;
    let points = one::curve(&lars, 5.0, 10.0, 1e-6, 8);
    let fading = points.iter().map(|&(g, ratio)| row(["‖g‖ = ", &number(g)].concat(), ratio, false));
    let rows: Vec<Row> = fading.chain([row(text::BOUND, bound, true)]).collect();
    Shown {
        formula: format!(
            "\\frac{{η}}{{β}} = \\frac{{{}}}{{{}}} = \\hot{{{}}}",
            lars.trust_coefficient,
            tex(beta),
            tex(bound)
        ),
        words: text::FADING.into(),
        picture: bars(text::DECAY_PICTURE, &rows, [1e-4, 1e4], true, false),
        caption: text::DECAY_CAPTION.into(),
        rows: listed(text::DECAY_HEADS, &rows),
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
            let [a, b] = s.weights.map(|w| format!("{w:.10}"));
            strings([&text::rule_step(rule, i + 1), &number(s.rate), &number(s.ratio), &a, &b])
        }));
    }
    let [first, second] = [&runs[0][0], &runs[0][1]];
    let along = example::decayed(&lars, first.weights, example::GRADIENT)[0];
    let four = |x: f64| format!("{x:.4}");
    Shown {
        formula: format!(
            "v &= {} * {} + {} * {} * {} \\\\ &= {} \\\\ w &= {} - {} = \\hot{{{}}}",
            tex(lars.momentum),
            tex(first.velocity[0]),
            tex(second.rate),
            tex(second.ratio),
            tex(along),
            tex(second.velocity[0]),
            four(first.weights[0]),
            tex(second.velocity[0]),
            four(second.weights[0])
        ),
        words: text::SECOND_STEP.into(),
        picture: bars(text::MOMENTUM_PICTURE, &bar_rows, [0.0, most], false, false),
        caption: text::MOMENTUM_CAPTION.into(),
        rows,
    }
}

pub fn excluded(state: State) -> Shown {
    let t = state.index("bias");
    let left = |adapted| {
        let b = t.checked_sub(1).map_or([0.0; 2], |i| bias::run(&LARS, adapted, t)[i].weights);
        norm(&[b[0] - bias::BEST[0], b[1] - bias::BEST[1]])
    };
    let [without, with] = [left(false), left(true)];
    let bar_rows = [row(text::WITHOUT, without, true), row(text::WITH, with, false)];
    let mut rows = vec![strings(text::TENSOR_HEADS)];
    rows.extend(runs()[0].tensors.iter().map(|t| {
        let shape = t.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
        strings([t.name, &shape, text::GETS[usize::from(adapts(&t.shape))]])
    }));
    Shown {
        formula: String::new(),
        words: text::left(t, &number(without), &number(with)),
        picture: bars(text::BIAS_PICTURE, &bar_rows, [0.0, 0.5], false, false),
        caption: text::TENSORS.into(),
        rows,
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
        format!("\\text{{{name}}} \\,\\, & λ = {} \\\\ & v = {v} \\\\ & w = \\hot{{{w}}}", tex(s.ratio))
    };
    Shown {
        formula: [&line(text::RIGHT_NAME, 0), " \\\\ ", &line(text::PRINTED_NAME, 1)].concat(),
        words: text::SLIP_MEANS[at].into(),
        picture: bars(text::SLIP_PICTURE, &bar_rows, [most * 1e-6, most], true, false),
        caption: text::SLIPS[at].into(),
        rows,
    }
}
