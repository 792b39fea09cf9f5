//! The content of each step at the present values: its numbers in a formula and in words, a picture, and tables.

use super::draw::{Bar, LayerCurve, bar, bars, curves, given, number, tex};
use super::state::LarsSignals;
use crate::app::parts::lesson::draw::{bracketed, minus, rows};
use crate::app::reactive::Show;
use crate::app::router::Link;
use crate::app::text::lars as text;
use crate::core::lars::{Lars, adapts};
use crate::core::lesson::lars::bowls::{self, BOWLS, End};
use crate::core::lesson::lars::trust_ratio::{TrustHistory, TrustRatio, bound, curve, ends, spread};
use crate::core::lesson::lars::worked_example::{self as example, LARS, LarsVariant, RATES, TutorialError};
use crate::core::{lesson::lars::recorded_run::runs, plot, report::TrustRatios};
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

/// Layers of different curvature: the distance to the best weights by SGD and by LARS.
pub fn one_rate(state: LarsSignals) -> Content {
    let (sgd, t) = (state.get("sgd"), state.index("t"));
    let now = [bowls::run(bowls::DescentRule::Sgd, sgd)[t], bowls::run(bowls::DescentRule::Lars, state.get("lars"))[t]];
    let far = |d: f64| if d >= bowls::FAR { text::FAR.to_owned() } else { number(d) };
    // How a layer ended is known at the end only.
    let over = t == bowls::STEPS;
    let end = |d: f64| if over { text::ENDS[End::of(d) as usize].to_owned() } else { String::new() };
    let mut picture = String::new();
    for (distances, rule) in now.iter().zip(text::RUNS.iter().rev()) {
        let all = BOWLS.iter().zip(distances).enumerate().map(|(i, (bowl, &value))| {
            let words = if over { end(value) } else { far(value) };
            Bar { name: text::layer(i + 1, bowl.curvature), value, words, strong: value > 1.0 }
        });
        let all: Vec<Bar> = all.collect();
        picture += &headed(rule, &bars(&text::distances(t, rule), &all, [1e-3, 1e6], true, true));
    }
    let cells = (0..bowls::LAYERS).map(|i| {
        let [a, b] = [now[0][i], now[1][i]];
        [(i + 1).to_string(), BOWLS[i].curvature.to_string(), far(a), end(a), far(b), end(b)]
    });
    let factor = |i: usize| {
        let c = BOWLS[i].curvature;
        let (name, gamma, by) = (text::layer_name(i + 1), tex(sgd), tex(bowls::factor(sgd, c)));
        format!("\\text{{{name}}} &|1 - {gamma} * {c}| = \\hot{{{by}}}")
    };
    Content {
        formula: [&factor(0), " \\\\ ", &factor(bowls::LAYERS - 1)].concat(),
        words: text::FACTORS.into(),
        picture,
        tables: vec![(text::distance_caption(t), rows(text::RATE_HEADS, cells))],
    }
}

/// Keys of each layer's ‖w‖ and ‖g‖.
const NORMS: [[&str; 2]; 3] = [["w", "g"], ["w2", "g2"], ["w3", "g3"]];

/// λ of three layers from their norms.
pub fn trust_ratios(state: LarsSignals) -> Content {
    let lars = Lars { weight_decay: state.get("beta"), trust_coefficient: state.get("eta"), ..LARS };
    let all = NORMS.map(|[w, g]| TrustRatio::new(&lars, state.get(w), state.get(g)));
    let line = |i: usize| {
        let (p, layer) = (&all[i], i + 1);
        if p.by_rule {
            return format!("λ_{layer} &= \\hot{{1}} \\,\\, \\text{{{}}}", text::BY_RULE);
        }
        let [eta, w, g, beta] = [lars.trust_coefficient, p.weight, p.gradient, lars.weight_decay].map(given);
        let [above, below, ratio] = [p.numerator, p.denominator, p.ratio].map(tex);
        format!(
            "λ_{layer} &= \\frac{{{eta} * {w}}}{{{g} + {beta} * {w}}} = \\frac{{{above}}}{{{below}}} = \\hot{{{ratio}}}"
        )
    };
    let of = |part: fn(&TrustRatio) -> f64| -> Vec<Bar> {
        all.iter().enumerate().map(|(i, p)| bar(text::layer_name(i + 1), part(p), false)).collect()
    };
    let shown = [of(|p| p.ratio), of(|p| p.longest_share(1.0)), of(|p| p.plain_share(1.0))];
    let scales = [[1e-5, 1.0], [1e-5, 1.0], [1e-3, 100.0]];
    let pictures = text::PARTS_BARS.iter().zip(&shown).zip(scales);
    let values = all.map(|p| {
        let updates =
            [p.gradient_part(1.0), p.decay_part(1.0), p.longest(1.0), p.longest_share(1.0), p.plain_share(1.0)];
        [[p.weight, p.gradient, p.numerator, p.decay, p.ratio], updates].concat()
    });
    let names = [1, 2, 3].map(text::layer_name);
    let heads = [text::PART, &names[0], &names[1], &names[2]];
    let cells = text::PARTS.iter().enumerate().map(|(n, part)| {
        let [a, b, c] = [0, 1, 2].map(|i| number(values[i][n]));
        [(*part).to_owned(), a, b, c]
    });
    Content {
        formula: [0, 1, 2].map(line).join(" \\\\ "),
        words: if all.iter().any(|p| p.by_rule) { text::RULED } else { text::EVEN }.into(),
        picture: pictures.map(|((words, all), scale)| headed(words, &bars(words, all, scale, true, false))).collect(),
        tables: vec![(text::PARTS_CAPTION.into(), rows(heads, cells))],
    }
}

/// λ of every layer of the recorded run.
pub fn recorded(state: LarsSignals) -> Content {
    let run = &runs()[state.index("run")];
    // The slider counts from 1.
    let Some(moment) = state.index("at").checked_sub(1).and_then(|at| run.moments.get(at)) else {
        return Content::default();
    };
    let (ratios, rate) = (moment.ratios(), moment.rate);
    let named = || run.layers().zip(&ratios);
    let cells = named().map(|(name, p)| {
        let [w, g, ratio, lars, sgd] = [p.weight, p.gradient, p.ratio, p.share(rate), p.plain_share(rate)].map(number);
        [name.to_owned(), w, g, ratio, lars, sgd]
    });
    let share = |(name, p): (&str, &TrustRatio)| {
        let [gamma, ratio, g, w, share] = [rate, p.ratio, p.gradient, p.weight, p.share(rate)].map(tex);
        format!("\\text{{{name}}} \\,\\, & \\frac{{{gamma} * {ratio} * {g}}}{{{w}}} = \\hot{{{share}}}")
    };
    let all: Vec<Bar> = named().map(|(n, p)| bar(n, p.ratio, false)).collect();
    let apart = spread(ratios.iter().map(|p| p.ratio));
    let ends = named().next().into_iter().chain(named().last());
    Content {
        formula: ends.map(share).collect::<Vec<_>>().join(" \\\\ "),
        words: text::moment(moment.step, &number(rate), &number(moment.loss), apart),
        picture: bars(text::RUN_PICTURE, &all, [1e-4, 1.0], true, false),
        tables: vec![(text::run_caption(moment.step), rows(text::RUN_HEADS, cells))],
    }
}

/// λ as the gradient fades.
pub fn weight_decay(state: LarsSignals) -> Content {
    let lars = Lars { weight_decay: state.get("decay"), ..LARS };
    let bound = bound(&lars);
    let fading = curve(&lars, 5.0, 10.0, 1e-6, 8).into_iter();
    let fading = fading.map(|(g, ratio)| bar(text::fading(&given(g)), ratio, false));
    let all: Vec<Bar> = fading.chain([bar(text::BOUND, bound, true)]).collect();
    let ([eta, beta], result) = ([lars.trust_coefficient, lars.weight_decay].map(given), tex(bound));
    let cells = all.iter().map(|bar| [bar.name.clone(), bar.words.clone()]);
    Content {
        formula: format!("\\frac{{η}}{{β}} = \\frac{{{eta}}}{{{beta}}} = \\hot{{{result}}}"),
        words: text::FADING.into(),
        picture: bars(text::DECAY_PICTURE, &all, [1e-4, 1e4], true, false),
        tables: vec![(text::DECAY_CAPTION.into(), rows(text::DECAY_HEADS, cells))],
    }
}

/// The worked example by each program's rule.
pub fn momentum(state: LarsSignals) -> Content {
    let rates = RATES[state.index("rates").min(RATES.len() - 1)];
    let lars = Lars { momentum: state.get("mu"), ..LARS };
    let runs = LarsVariant::ALL.map(|rule| example::run(rule, &lars, &rates));
    let far = runs.iter().map(|run| example::travelled(run)[rates.len() - 1]);
    let all: Vec<Bar> = text::RULES.iter().zip(far).map(|(n, d)| bar(*n, d, *n == text::RULES[0])).collect();
    let most = all.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let steps = text::RULES.iter().zip(&runs).flat_map(|(rule, run)| run.iter().zip(1..).map(move |s| (rule, s)));
    let cells = steps.map(|(rule, (s, n))| {
        let [[v1, v2], [w1, w2]] = [s.velocity, s.weights].map(|x| x.map(|x| minus(&format!("{x:.10}"))));
        [text::rule_step(rule, n), number(s.rate), number(s.ratio), v1, v2, w1, w2]
    });
    // The second step of the first entry, by the paper's rule.
    let [first, second] = [&runs[0][0], &runs[0][1]];
    let along = example::decayed(&lars, first.weights, example::GRADIENT)[0];
    let [mu, gamma, along] = [lars.momentum, second.rate, along].map(given);
    let [v_before, ratio, v] = [first.velocity[0], second.ratio, second.velocity[0]].map(tex);
    let [w_before, w] = [first.weights[0], second.weights[0]];
    let [gain, limit] = [example::gain(lars.momentum, rates.len()), example::limit(lars.momentum)].map(given);
    Content {
        formula: format!(
            "v &= {mu} * {v_before} + {gamma} * {ratio} * {along} \\\\ &= {v} \\\\ w &= {w_before:.4} - {v} = \\hot{{{w:.4}}}"
        ),
        words: text::gain(rates.len(), &gain, &limit),
        picture: bars(text::MOMENTUM_PICTURE, &all, [0.0, most], false, false),
        tables: vec![(text::MOMENTUM_CAPTION.into(), rows(text::MOMENTUM_HEADS, cells))],
    }
}

/// Steps whose distances the table lists, besides the one shown.
const LISTED: [usize; 9] = [0, 1, 2, 5, 10, 20, 50, 100, 200];

/// A bias with λ and without.
pub fn bias(state: LarsSignals) -> Content {
    let t = state.index("bias");
    let [right, adapted] = [false, true].map(|adapted| example::run_bias(&LARS, adapted, LISTED[8]));
    let left = [&right, &adapted].map(|run| example::bias_distances(run));
    let at = |t: usize| [number(left[0][t]), number(left[1][t])];
    let all = [bar(text::WITHOUT, left[0][t], true), bar(text::WITH, left[1][t], false)];
    let mut listed = Vec::from(LISTED);
    listed.push(t);
    listed.sort_unstable();
    listed.dedup();
    let distances = listed.into_iter().map(|t| {
        let [without, with] = at(t);
        [t.to_string(), without, with]
    });
    let tensors = runs()[0].tensors.iter().map(|t| {
        let shape = t.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
        [t.name.to_owned(), shape, text::GETS[usize::from(adapts(&t.shape))].to_owned()]
    });
    // The last step of the first entry, without λ.
    let written = t.checked_sub(1).map(|last| {
        let (v, b) =
            last.checked_sub(1).map_or((0.0, 0.0), |before| (right[before].velocity[0], right[before].weights[0]));
        let g = example::bias_gradient([b, 0.0])[0];
        let [mu, gamma] = [LARS.momentum, example::BIAS_RATE].map(given);
        let [v, g, b, v_now, b_now] = [v, g, b, right[last].velocity[0], right[last].weights[0]].map(tex);
        let [v, g, taken] = [&v, &g, &v_now].map(|number| bracketed(number));
        format!("v &= {mu} * {v} + {gamma} * {g} = {v_now} \\\\ b &= {b} - {taken} = \\hot{{{b_now}}}")
    });
    let [without, with] = at(t);
    Content {
        formula: written.unwrap_or_default(),
        words: text::left(t, &without, &with),
        picture: bars(text::BIAS_PICTURE, &all, [0.0, 0.5], false, false),
        tables: vec![
            (text::BIAS_CAPTION.into(), rows(text::BIAS_HEADS, distances)),
            (text::TENSORS.into(), rows(text::TENSOR_HEADS, tensors)),
        ],
    }
}

/// The tutorial's errors beside the right numbers.
pub fn tutorial_errors(state: LarsSignals) -> Content {
    let at = state.index("slip");
    let rates = [0.1, 0.1];
    let both =
        [example::run(LarsVariant::Paper, &LARS, &rates), example::run_printed(TutorialError::ALL[at], &LARS, &rates)];
    let far = both.each_ref().map(|run| example::travelled(run));
    let pairs = (0..rates.len()).flat_map(|step| [(step, 0), (step, 1)]);
    let titled = pairs.map(|(step, i)| (text::error_step(step + 1, i == 0), step, i));
    let all: Vec<Bar> = titled.clone().map(|(title, step, i)| bar(title, far[i][step], i == 0)).collect();
    let most = all.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let cells = titled.map(|(title, step, i)| {
        let s = &both[i][step];
        let [ratio, v1, v2, w1, w2] = [s.ratio, s.velocity[0], s.velocity[1], s.weights[0], s.weights[1]].map(number);
        [title, ratio, v1, v2, w1, w2]
    });
    let vector = |v: [f64; 2]| format!("({}, {})", tex(v[0]), tex(v[1]));
    let line = |name: &str, i: usize| {
        let (s, formula) = (&both[i][0], text::ERROR_FORMULAS[at][i]);
        let ([v, w], ratio) = ([s.velocity, s.weights].map(vector), tex(s.ratio));
        format!("\\text{{{name}}} \\,\\, & {formula} \\\\ & λ = {ratio} \\\\ & v = {v} \\\\ & w = \\hot{{{w}}}")
    };
    Content {
        formula: [&line(text::RIGHT_NAME, 0), " \\\\ ", &line(text::PRINTED_NAME, 1)].concat(),
        words: text::ERROR_MEANS[at].into(),
        picture: bars(text::ERROR_PICTURE, &all, [most * 1e-6, most], true, false),
        tables: vec![(text::ERRORS[at].into(), rows(text::ERROR_HEADS, cells))],
    }
}

/// λ of every layer of the run on this page, or of the recorded run before there is one.
pub fn own_run(state: LarsSignals) -> Content {
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
pub fn pretrain_link(state: LarsSignals) -> AnyView {
    view! {
        <Show when=move || state.store.trust.with(|history| history.range().is_none())>
            <div class="actions">
                <Link to="/pretrain" attr:class="button">{text::TO_PRETRAIN}</Link>
            </div>
        </Show>
    }
    .into_any()
}

/// Most steps, that is columns, in the table of a run.
const COLUMNS: usize = 5;

fn content(history: &TrustHistory, [low, high]: [f64; 2]) -> Content {
    let moments = history.moments();
    let (first, last) = (moments[0], moments[moments.len() - 1]);
    let all: Vec<LayerCurve> = history
        .layers()
        .iter()
        .enumerate()
        .map(|(i, name)| LayerCurve { name, points: history.of(i), words: number(f64::from(last.ratios[i])) })
        .collect();
    let columns = plot::spread(&moments, COLUMNS);
    let row = |name: &str, cell: &dyn Fn(&TrustRatios) -> String| -> Vec<String> {
        std::iter::once(name.to_owned()).chain(columns.iter().map(|m| cell(m))).collect()
    };
    let head = row(text::LAYER, &|m| text::step(m.step));
    let layers = history.layers().iter().enumerate();
    let rows = layers.map(|(i, name)| row(name, &|m| number(f64::from(m.ratios[i]))));
    let rows = std::iter::once(head).chain(rows).collect();
    let ratios = last.ratios.iter().copied().map(f64::from);
    let ([least, most], apart) = (ends(ratios.clone()).map(tex), spread(ratios));
    Content {
        formula: format!("\\frac{{λ_{{max}}}}{{λ_{{min}}}} = \\frac{{{most}}}{{{least}}} = \\hot{{{apart:.1}}}"),
        words: text::live(last.step, apart),
        picture: curves(&text::live_picture(first.step, last.step), &all, [low, high]),
        tables: vec![(text::LIVE_CAPTION.into(), rows)],
    }
}
