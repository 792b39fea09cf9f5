//! What each step computes: a line of arithmetic, a picture, a table behind it.

use super::draw::{Row, bars, number, row, table};
use super::state::State;
use crate::app::text::lars as text;
use crate::core::float::norm;
use crate::core::lars::{Lars, adapts};
use crate::core::lesson::lars::momentum::{self, LARS, Rule};
use crate::core::lesson::lars::race::{self, BOWLS, End};
use crate::core::lesson::lars::recorded::{Recording, Which};
use crate::core::lesson::lars::slips::{self, Slip};
use crate::core::lesson::lars::{excluded, layer};

/// The numbers put into the formula, the picture, and the table.
#[derive(Clone, Default, PartialEq)]
pub struct Shown {
    pub arithmetic: String,
    pub picture: String,
    pub table: String,
}

/// Both recorded runs.
pub struct Recordings(pub [Recording; 2]);

impl Recordings {
    pub fn new() -> Self {
        Self([Which::Lars, Which::Sgd].map(Recording::new))
    }
}

/// The sliders and choices of each step, by key.
pub const KEYS: [&[&str]; 7] = [
    &["sgd", "lars", "t"],
    &["w", "g", "beta", "eta"],
    &["run", "at"],
    &["decay"],
    &["rates", "mu"],
    &["bias"],
    &["slip"],
];

/// The slider that runs when a step is played.
pub const PLAYED: [Option<&str>; 7] = [Some("t"), None, Some("at"), None, None, Some("bias"), None];

pub fn show(state: State, recordings: &Recordings) -> Shown {
    match state.index("step") {
        1 => the_race(state),
        2 => one_layer(state),
        3 => real_run(state, recordings),
        4 => decay(state),
        5 => memory(state),
        6 => without(state, recordings),
        _ => printed(state),
    }
}

fn end(distance: f64) -> &'static str {
    text::ENDS[match End::of(distance) {
        End::Arrived => 0,
        End::OnTheWay => 1,
        End::StoodStill => 2,
        End::Diverged => 3,
    }]
}

fn the_race(state: State) -> Shown {
    let (sgd, rate, t) = (state.get("sgd"), state.get("lars"), state.index("t"));
    let now = [race::run(race::Rule::Sgd, sgd)[t], race::run(race::Rule::Lars, rate)[t]];
    let mut picture = String::new();
    for (distances, name) in now.iter().zip(["SGD", "LARS"]) {
        let rows: Vec<Row> = (0..race::LAYERS)
            .map(|i| Row {
                name: format!("{name}, layer {}, c = {}", i + 1, BOWLS[i].curvature),
                value: distances[i],
                words: end(distances[i]).into(),
                strong: distances[i] > 1.0,
            })
            .collect();
        picture += &bars(
            &format!("Distance to the best weights after {t} steps of {name}; the numbers are in the table"),
            &rows,
            [1e-3, 1e6],
            true,
            true,
        );
    }
    let rows: Vec<_> = (0..race::LAYERS)
        .map(|i| {
            let cells = [now[0][i], now[1][i]].map(|d| if d >= race::FAR { "over 1000000".into() } else { number(d) });
            vec![format!("{}", i + 1), format!("{}", BOWLS[i].curvature), cells[0].clone(), cells[1].clone()]
        })
        .collect();
    let factor = |i: usize| number((1.0 - sgd * BOWLS[i].curvature).abs());
    Shown {
        arithmetic: format!(
            "SGD, γ = {}: layer 1 is multiplied by |1 − {} · 100| = {} at each step, layer 4 by |1 − {} · 0.05| = {}.",
            number(sgd),
            number(sgd),
            factor(0),
            number(sgd),
            factor(3)
        ),
        picture,
        table: table(&format!("Distance after {t} steps; 1 at the start"), &["Layer", "c", "SGD", "LARS"], &rows),
    }
}

fn one_layer(state: State) -> Shown {
    let lars = Lars { weight_decay: state.get("beta"), trust_coefficient: state.get("eta"), ..LARS };
    let p = layer::Parts::new(&lars, state.get("w"), state.get("g"));
    let arithmetic = if p.by_rule {
        "‖w‖ or ‖g‖ is 0, so λ = 1 by rule.".into()
    } else {
        format!(
            "λ = {} · {} / ({} + {} · {}) = {} / {} = {}",
            number(lars.trust_coefficient),
            number(p.weight),
            number(p.gradient),
            number(lars.weight_decay),
            number(p.weight),
            number(p.numerator),
            number(p.denominator),
            number(p.ratio)
        )
    };
    let rows = [
        row("η‖w‖", p.numerator, false),
        row("β‖w‖", p.decay, false),
        row("‖g‖", p.gradient, false),
        row("λ", p.ratio, true),
        row("λ‖g‖", p.gradient_part(1.0), false),
        row("λβ‖w‖", p.decay_part(1.0), false),
        row("longest update, γ = 1", p.longest(1.0), false),
    ];
    let cells: Vec<_> = rows.iter().map(|r| vec![r.name.clone(), r.words.clone()]).collect();
    Shown {
        arithmetic,
        picture: bars(
            "λ and its parts, each mark a factor of ten; the numbers are in the table",
            &rows,
            [1e-5, 10.0],
            true,
            false,
        ),
        table: table("λ and its parts", &["Part", "Value"], &cells),
    }
}

fn real_run(state: State, recordings: &Recordings) -> Shown {
    let run = &recordings.0[state.index("run")];
    let Some(moment) = run.moments.get(state.index("at")) else { return Shown::default() };
    let names = run.tensors.iter().filter(|t| adapts(&t.shape)).map(|t| t.name);
    let parts = moment.parts();
    let rows: Vec<Row> = names.clone().zip(&parts).map(|(n, p)| row(n, p.ratio, false)).collect();
    let cells: Vec<_> = names
        .zip(&parts)
        .map(|(n, p)| {
            let moved = [p.gradient_part(moment.rate), moment.rate * p.gradient].map(|m| number(m / p.weight));
            vec![n.into(), number(p.weight), number(p.gradient), number(p.ratio), moved[0].clone(), moved[1].clone()]
        })
        .collect();
    let ends = parts.iter().fold([f64::INFINITY, 0.0], |[l, h], p| [p.ratio.min(l), p.ratio.max(h)]);
    Shown {
        arithmetic: format!(
            "Step {} of 270: γ = {}, loss {}. The largest λ is {:.1} times the smallest.",
            moment.step,
            number(moment.rate),
            number(moment.loss),
            ends[1] / ends[0]
        ),
        picture: bars(
            "λ of each layer, each mark a factor of ten; the numbers are in the table",
            &rows,
            [1e-4, 1.0],
            true,
            false,
        ),
        table: table(
            &format!("Step {}, before momentum", moment.step),
            &["Tensor", "‖w‖", "‖g‖", "λ", "γλ‖g‖/‖w‖", "γ‖g‖/‖w‖"],
            &cells,
        ),
    }
}

fn decay(state: State) -> Shown {
    let beta = state.get("decay");
    let lars = Lars { weight_decay: beta, ..LARS };
    let points = layer::curve(&lars, 5.0, 10.0, 1e-6, 8);
    let rows: Vec<Row> = points.iter().map(|&(g, ratio)| row(format!("‖g‖ = {}", number(g)), ratio, false)).collect();
    let bound = lars.trust_coefficient / beta;
    let all: Vec<Row> = rows.into_iter().chain([row("bound η/β", bound, true)]).collect();
    let cells: Vec<_> = all.iter().map(|r| vec![r.name.clone(), r.words.clone()]).collect();
    Shown {
        arithmetic: format!("η/β = 0.001 / {} = {}", number(beta), number(bound)),
        picture: bars(
            "λ as the gradient fades, each mark a factor of ten; the numbers are in the table",
            &all,
            [1e-4, 1e4],
            true,
            false,
        ),
        table: table("λ as the gradient fades, ‖w‖ = 5", &["Gradient", "λ"], &cells),
    }
}

fn memory(state: State) -> Shown {
    let rates = match state.index("rates") {
        0 => [0.1; 4],
        1 => [0.1, 0.2, 0.3, 0.4],
        _ => [0.4, 0.3, 0.2, 0.1],
    };
    let lars = Lars { momentum: state.get("mu"), ..LARS };
    let runs = Rule::ALL.map(|rule| momentum::run(rule, &lars, &rates));
    let far: Vec<f64> = runs.iter().map(|r| momentum::travelled(r)[3]).collect();
    let most = far.iter().copied().fold(0.0, f64::max);
    let rows: Vec<Row> = text::RULES.iter().zip(&far).map(|(n, &d)| row(*n, d, d == far[0])).collect();
    let mut cells = Vec::new();
    for (rule, run) in text::RULES.iter().zip(&runs) {
        for (i, s) in run.iter().enumerate() {
            let w = s.weights.map(|w| format!("{w:.10}"));
            cells.push(vec![
                format!("{rule}, step {}", i + 1),
                number(s.rate),
                number(s.ratio),
                w[0].clone(),
                w[1].clone(),
            ]);
        }
    }
    let s = &runs[0][1];
    let v = runs[0][0].velocity[0];
    Shown {
        arithmetic: format!(
            "Second step, first entry: v = {} · {} + {} · {} · {} = {}; w = {:.4} − {} = {:.4}",
            number(lars.momentum),
            number(v),
            number(s.rate),
            number(s.ratio),
            number(momentum::decayed(&lars, runs[0][0].weights, momentum::GRADIENT)[0]),
            number(s.velocity[0]),
            runs[0][0].weights[0],
            number(s.velocity[0]),
            s.weights[0]
        ),
        picture: bars(
            "How far w has come after four steps; the numbers are in the table",
            &rows,
            [0.0, most],
            false,
            false,
        ),
        table: table("w after each step", &["Rule", "γ", "λ", "w₁", "w₂"], &cells),
    }
}

fn without(state: State, recordings: &Recordings) -> Shown {
    let t = state.index("bias");
    let left = |adapted| {
        let b = t.checked_sub(1).map_or([0.0; 2], |i| excluded::run(&LARS, adapted, t)[i].weights);
        norm(&[b[0] - excluded::BEST[0], b[1] - excluded::BEST[1]])
    };
    let rows = [row("without λ, as it should be", left(false), true), row("with λ and β", left(true), false)];
    let cells: Vec<_> = recordings.0[0]
        .tensors
        .iter()
        .map(|t| {
            let shape = t.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
            vec![t.name.into(), shape, if adapts(&t.shape) { "λ and β" } else { "neither" }.into()]
        })
        .collect();
    Shown {
        arithmetic: format!("After {t} steps: {} left without λ, {} with it, of 0.5000.", rows[0].words, rows[1].words),
        picture: bars(
            "Distance of the bias to its best value; the numbers stand above",
            &rows,
            [0.0, 0.5],
            false,
            false,
        ),
        table: table("Tensors of the recorded network", &["Tensor", "Shape", "Gets"], &cells),
    }
}

fn printed(state: State) -> Shown {
    let at = state.index("slip");
    let rates = [0.1, 0.1];
    let both = [momentum::run(Rule::Paper, &LARS, &rates), slips::run(Slip::ALL[at], &LARS, &rates)];
    let names = ["right", "as printed"];
    let far = both.each_ref().map(|run| momentum::travelled(run));
    let most = far.iter().flatten().copied().fold(0.0, f64::max);
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for step in 0..2 {
        for (i, name) in names.iter().enumerate() {
            let s = &both[i][step];
            let title = format!("Step {}, {name}", step + 1);
            let all = [s.ratio, s.velocity[0], s.velocity[1], s.weights[0], s.weights[1]].map(number);
            cells.push(std::iter::once(title.clone()).chain(all).collect());
            rows.push(row(title, far[i][step], i == 0));
        }
    }
    let [right, slip] = both.each_ref().map(|run| &run[0]);
    let pair = |v: [f64; 2]| format!("({}, {})", number(v[0]), number(v[1]));
    Shown {
        arithmetic: format!(
            "After one step: right w = {}; as printed w = {}, with λ = {} and v = {}.",
            pair(right.weights),
            pair(slip.weights),
            number(slip.ratio),
            pair(slip.velocity)
        ),
        picture: bars(
            "How far w has moved, each mark a factor of ten; the numbers are in the table",
            &rows,
            [most * 1e-6, most],
            true,
            false,
        ),
        table: table(text::SLIPS[at], &["Step", "λ", "v₁", "v₂", "w₁", "w₂"], &cells),
    }
}
