//! The numbers in the lessons' prose, which no signal keeps up to date, are the ones that the core computes; and every error of the
//! tutorial stands in a fold.

/// What the texts name as `crate::core`.
mod core {
    pub use simclr_lab::core::*;
}
#[allow(dead_code)]
#[path = "../src/app/text/lars.rs"]
mod lars;
#[allow(dead_code)]
#[path = "../src/app/text/lesson.rs"]
mod lesson;
#[allow(dead_code)]
#[path = "../src/app/text/nt_xent.rs"]
mod nt_xent;

use core::lesson::lars::bowls::{self, End};
use core::lesson::lars::recorded_run::{RecordedOptimizer, Recording};
use core::lesson::lars::trust_ratio::bound;
use core::lesson::lars::worked_example::{LARS, TutorialError, WEIGHTS, printed_direction};
use core::lesson::nt_xent::anchor::{AnchorRow, LossFormula, mean_loss};
use core::lesson::nt_xent::cosines::{Cosines, EXAMPLE, Impossible};
use core::nt_xent::Similarities;

fn example() -> Similarities {
    Cosines::default().similarities()
}

fn six(x: f64) -> String {
    format!("{x:.6}")
}

/// Each of `all` stands in `text`, in this order.
fn says(text: &str, all: &[String]) {
    let mut rest = text;
    for one in all {
        let at = rest.find(one.as_str()).unwrap_or_else(|| panic!("{one} is missing, or not in its place: {text}"));
        rest = &rest[at + one.len()..];
    }
}

fn printed(steps: &[lesson::LessonStep], title: &str) -> &'static str {
    let printed = steps.iter().find(|s| s.title == title).map_or("", |s| s.printed);
    assert!(!printed.is_empty(), "{title} has no fold");
    printed
}

#[test]
fn swapped_rows() {
    let s = example();
    let both = |tau| [LossFormula::SwappedNegatives, LossFormula::Right].map(|f| six(mean_loss(&f.rows(&s, tau))));
    says(printed(&nt_xent::ALL, "Anchor"), &[both(1.0), both(0.1)].concat());
}

#[test]
fn the_positive_that_was_left_out() {
    let row = AnchorRow::new(&example(), 0, 1.0);
    let without: f64 = row.negatives().iter().map(|c| c.exp).sum();
    let p = row.positive();
    let all = [
        format!("{:.4}", row.negatives()[1].probability),
        six(without),
        six(row.sum),
        format!("{:.4}", p.exp / without),
        format!("{:.4}", p.probability),
    ];
    says(printed(&nt_xent::ALL, "Softmax"), &all);
}

#[test]
fn the_sign_and_the_last_digit() {
    let rows = AnchorRow::all(&example(), 1.0);
    let p = rows[0].positive().probability;
    let rounded: f64 = format!("{p:.4}").parse().unwrap();
    let all = [
        format!("−ln {rounded} = {:.4}", -rounded.ln()),
        format!("−ln {p:.8} = {}", six(rows[0].loss)),
        format!("{} for x1i", six(rows[0].loss)),
        format!("{} for x1j", six(rows[2].loss)),
        ".63".to_owned(),
    ];
    says(printed(&nt_xent::ALL, "Loss"), &all);
    assert_eq!(LossFormula::LiteralOrder.row(&example(), 0, 1.0).positive().cosine, 0.63);
}

#[test]
fn temperatures() {
    let s = example();
    for tau in [0.01, 0.1, 0.5, 5.0] {
        let outside = mean_loss(&LossFormula::TauOutside.rows(&s, tau));
        says(printed(&nt_xent::ALL, "Temperature"), &[six(outside)]);
    }
    let [cold, warm] = [0.1, 0.5].map(|tau| format!("{:.2} at τ = {tau}", s.loss(tau)));
    says(nt_xent::ALL[6].ask, &[cold, warm]);
    let short = |x: f64| format!("{x:.2}").replace("0.", ".");
    let [least, most] = [f64::min, f64::max].map(|pick| EXAMPLE.into_iter().reduce(pick).unwrap());
    says(nt_xent::ALL[1].text, &[short(least), short(most)]);
}

#[test]
fn angles_have_a_decimal() {
    let cosines = Cosines::new([0.95, 0.75, 0.0, 0.95, 0.0, 0.0]).unwrap();
    match cosines.embedding() {
        // 41.4° against 36.4°: as whole degrees of a nearer pair the two could read the same.
        Err(reason @ Impossible::TooFar { angle, most, .. }) => {
            says(&nt_xent::impossible(reason), &[format!("{angle:.1}° apart"), format!("{most:.1}° at most")]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_bowls() {
    let ends = |rate: f64| bowls::run(bowls::DescentRule::Sgd, rate).last().unwrap().map(End::of);
    // "Above 0.02 layer 1 diverges, and below it layer 4 stands still."
    says(lars::ALL[0].because, &["0.02".into(), "layer 1".into(), "layer 4".into()]);
    assert_eq!((ends(0.0201)[0], ends(0.0199)[3]), (End::Diverged, End::StoodStill));
    says(lars::ALL[0].why, &[format!("η = {}", bowls::TRUST), format!("{} steps", bowls::STEPS)]);
}

#[test]
fn the_lars_example() {
    says(printed(&lars::ALL, "λ of each layer"), &[format!("1/η = {}", 1.0 / LARS.trust_coefficient)]);
    says(lars::ERROR_MEANS[0], &[format!("{} times", 1.0 / LARS.trust_coefficient)]);
    let pair = |v: [f64; 2]| format!("({:.2}, {:.2})", v[0], v[1]).replace('-', "−");
    let directions = [TutorialError::NormAdded, TutorialError::NoStep];
    let [wrong, right] = directions.map(|error| pair(printed_direction(error, &LARS, WEIGHTS)));
    says(lars::ALL[6].because, &[wrong, right]);
    says(lars::ALL[3].answers[lars::ALL[3].right], &[bound(&LARS).to_string()]);
    says(lars::ALL[3].text, &[format!("η = {}", LARS.trust_coefficient)]);
}

#[test]
fn the_recorded_run() {
    let run = Recording::new(RecordedOptimizer::Lars);
    let last = run.moments.last().unwrap();
    says(&lars::moment(1, "0", "0", 1.0), &[format!("of {}", last.step)]);
    for moment in [&run.moments[0], last] {
        let ratios = moment.ratios();
        let largest = (0..ratios.len()).max_by(|&a, &b| ratios[a].ratio.total_cmp(&ratios[b].ratio));
        assert_eq!(largest, Some(ratios.len() - 1), "the last layer of the head");
        // "Its weights are the longest and its gradient is among the shortest."
        assert!(ratios.iter().all(|p| p.weight <= ratios[ratios.len() - 1].weight));
        assert!(ratios.iter().filter(|p| p.gradient < ratios[ratios.len() - 1].gradient).count() < 2);
    }
}

#[test]
fn questions_have_three_different_answers() {
    for q in nt_xent::ALL.iter().chain(&lars::ALL) {
        assert!(q.right < 3 && q.answers.iter().all(|a| !a.is_empty()), "{}", q.ask);
        assert!(q.answers[0] != q.answers[1] && q.answers[1] != q.answers[2] && q.answers[0] != q.answers[2]);
    }
}
