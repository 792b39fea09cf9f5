use super::excluded;
use super::layer::{Parts, bound, curve, spread};
use super::momentum::{self, GRADIENT, LARS, Rule, WEIGHTS};
use super::race::{self, BOWLS, End, FAR, STEPS};
use super::recorded::{Recording, SETTINGS, Which};
use super::slips::{self, Slip};
use crate::core::config::{Optimizer, OptimizerConfig};
use crate::core::lars::{Lars, adapts};

fn near(got: [f64; 2], want: [f64; 2]) {
    assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 6e-11), "{got:?} {want:?}");
}

#[test]
fn the_worked_example_by_every_rule() {
    let steady = momentum::run(Rule::Paper, &LARS, &[0.1, 0.1]);
    near(steady[0].weights, [2.999_604_761_9, 4.000_266_666_7]);
    near(steady[1].weights, [2.998_853_813_2, 4.000_773_330_9]);
    let rising = momentum::run(Rule::Paper, &LARS, &[0.1, 0.2]);
    near(rising[1].weights, [2.998_458_578_8, 4.001_039_995]);

    // With γ outside of v nothing changes while γ stays; when it rises, the old
    // velocity is scaled up with it: 0.2 (0.9 v₁ + u₂) in place of 0.09 v₁ + 0.2 u₂.
    let outside = momentum::run(Rule::RateOutside, &LARS, &[0.1, 0.1]);
    near(outside[1].weights, steady[1].weights);
    let outside = momentum::run(Rule::RateOutside, &LARS, &[0.1, 0.2]);
    near(outside[0].weights, rising[0].weights);
    let extra = [0, 1].map(|i| 0.9 * rising[0].velocity[i]);
    near(outside[1].weights, [0, 1].map(|i| rising[1].weights[i] - extra[i]));

    // Google's λ: 0.005 / ‖(0.83, −0.56)‖.
    let google = momentum::run(Rule::Google, &LARS, &[0.1, 0.1]);
    let ratio = 0.005 / (0.83_f64 * 0.83 + 0.56 * 0.56).sqrt();
    assert!((google[0].ratio - ratio).abs() < 1e-15 && (google[0].ratio - steady[0].ratio).abs() > 2e-4);
    near(google[0].weights, [3.0 - 0.1 * ratio * 0.83, 4.0 + 0.1 * ratio * 0.56]);
    let plain = Lars { weight_decay: 0.0, ..LARS };
    let both = [Rule::Google, Rule::Paper].map(|rule| momentum::run(rule, &plain, &[0.1, 0.3, 0.2]));
    near(both[0][2].weights, both[1][2].weights);
}

#[test]
fn what_a_step_tells_fits_together() {
    for rule in Rule::ALL {
        let steps = momentum::run(rule, &LARS, &[0.1, 0.2, 0.05]);
        let mut w = WEIGHTS;
        for (step, travelled) in steps.iter().zip(momentum::travelled(&steps)) {
            near([0, 1].map(|i| w[i] - step.moved[i]), step.weights);
            w = step.weights;
            let way = ((w[0] - 3.0).powi(2) + (w[1] - 4.0).powi(2)).sqrt();
            assert!((travelled - way).abs() < 1e-15);
            let taken = if rule == Rule::RateOutside { step.rate } else { 1.0 };
            near(step.velocity.map(|v| taken * v), step.moved);
        }
    }
}

#[test]
fn a_layer_taken_apart() {
    let p = Parts::new(&LARS, 5.0, 1.0);
    assert_eq!((p.numerator, p.decay, p.denominator, p.by_rule), (0.005, 0.05, 1.05, false));
    assert!((p.ratio - 0.005 / 1.05).abs() < 1e-17);
    assert!((p.ratio - momentum::run(Rule::Paper, &LARS, &[0.1])[0].ratio).abs() < 1e-17);
    // The longest update is γη‖w‖ whatever the gradient.
    for gradient in [1e-6, 0.3, 1e6] {
        let p = Parts::new(&LARS, 5.0, gradient);
        assert!((p.longest(0.1) - 0.1 * 0.001 * 5.0).abs() < 1e-15);
        assert!((p.gradient_part(0.1) + p.decay_part(0.1) - p.longest(0.1)).abs() < 1e-15);
    }
    // The same part of every layer's length, and of plain descent a different one.
    for (w, g) in [(5.0, 1.0), (2.0, 0.1), (0.5, 4.0)] {
        let p = Parts::new(&LARS, w, g);
        assert!((p.longest_share(0.1) - 0.1 * 0.001).abs() < 1e-17);
        assert!((p.share(0.1) - 0.1 * p.ratio * g / w).abs() < 1e-17);
        assert!((p.plain_share(0.1) - 0.1 * g / w).abs() < 1e-15);
    }
    for (w, g) in [(0.0, 2.0), (3.0, 0.0), (0.0, 0.0)] {
        let p = Parts::new(&LARS, w, g);
        assert_eq!((p.ratio, p.by_rule), (1.0, true));
    }
}

#[test]
fn weight_decay_caps_lambda() {
    let points = curve(&LARS, 2.0, 1e-8, 10.0, 40);
    assert_eq!(points.len(), 40);
    assert!((points[0].0 - 1e-8).abs() < 1e-20 && (points[39].0 - 10.0).abs() < 1e-9);
    assert!(points.windows(2).all(|p| p[0].0 < p[1].0 && p[0].1 > p[1].1));
    assert!((bound(&LARS) - 0.1).abs() < 1e-15);
    assert!((spread([0.2, 0.05, 0.1].into_iter()) - 4.0).abs() < 1e-15);
    assert!((points[0].1 - 0.1).abs() < 1e-6 && points.iter().all(|p| p.1 < 0.1));
    let free = curve(&Lars { weight_decay: 0.0, ..LARS }, 2.0, 1e-8, 10.0, 40);
    assert!((free[0].1 - 2e5).abs() < 1.0);
}

#[test]
fn no_rate_for_all_layers_and_lars_has_one() {
    let ends = |rule, rate| race::run(rule, rate).last().copied().unwrap().map(End::of);
    assert_eq!(ends(race::Rule::Sgd, 0.03), [End::Diverged, End::Arrived, End::OnTheWay, End::StoodStill]);
    assert_eq!(ends(race::Rule::Lars, 1.0), [End::Arrived; 4]);
    // Every rate that the slider offers, and more.
    for k in -120..=80 {
        let ends = ends(race::Rule::Sgd, 10f64.powf(f64::from(k) / 20.0));
        assert!(ends.contains(&End::Diverged) || ends.contains(&End::StoodStill), "10^({k}/20): {ends:?}");
    }
}

#[test]
fn a_race_is_what_its_model_says() {
    let all = race::run(race::Rule::Sgd, 0.004);
    assert_eq!(all.len(), STEPS + 1);
    assert_eq!(all[0], [1.0; 4]);
    // Distance is multiplied by |1 − γc|.
    let mut want = [1.0; 4];
    for row in &all[1..] {
        for i in 0..4 {
            want[i] *= race::factor(0.004, BOWLS[i].curvature);
            assert!((row[i] - want[i]).abs() < 1e-9);
        }
    }
    // LARS does not see a loss's scale: the first step is γη‖w‖ long for all.
    let first = race::run(race::Rule::Lars, 1.0)[1];
    let step = race::TRUST;
    for (bowl, distance) in BOWLS.iter().zip(first) {
        let length = |v: [f64; 2]| (v[0] * v[0] + v[1] * v[1]).sqrt();
        let start = length([bowl.start[0] - bowl.best[0], bowl.start[1] - bowl.best[1]]);
        assert!(((1.0 - distance) * start - step * length(bowl.start)).abs() < 1e-9);
    }
    let wild = race::run(race::Rule::Sgd, 1000.0);
    assert!(wild.iter().flatten().all(|d| d.is_finite() && *d <= FAR));
    assert_eq!(wild[60][0], FAR);
}

#[test]
fn the_slips() {
    let right = momentum::run(Rule::Paper, &LARS, &[0.1, 0.1]);
    let [trust, norm, local, none] = Slip::ALL.map(|slip| slips::run(slip, &LARS, &[0.1, 0.1]));
    // Without η, λ is 1/η times as large.
    assert!((trust[0].ratio / right[0].ratio - 1000.0).abs() < 1e-9);
    near(trust[0].weights, [3.0 - 0.1 * 5.0 / 1.05 * 0.83, 4.0 + 0.1 * 5.0 / 1.05 * 0.56]);
    // ‖w‖ = 5 in every entry in place of (3, 4).
    let scale = 0.1 * right[0].ratio;
    near(norm[0].weights, [3.0 - scale * 0.85, 4.0 - scale * -0.55]);
    near(slips::direction(Slip::NormAdded, &LARS, WEIGHTS), [0.85, -0.55]);
    near(slips::direction(Slip::NoStep, &LARS, WEIGHTS), [0.83, -0.56]);
    // λ in γ's place.
    let scale = right[0].ratio * right[0].ratio;
    near(local[0].weights, [3.0 - scale * 0.83, 4.0 - scale * -0.56]);
    // v as it should be after the first step, and w where it was.
    assert_eq!((none[0].velocity, none[1].weights), (right[0].velocity, WEIGHTS));
    assert_eq!(GRADIENT, [0.8, -0.6]);
}

#[test]
fn momentum_grows_a_steady_step_to_its_limit() {
    // Without decay the update γλg hardly changes: ‖w‖ does by less than a thousandth.
    let plain = Lars { weight_decay: 0.0, ..LARS };
    let steps = momentum::run(Rule::Paper, &plain, &[0.1; 40]);
    for (n, step) in steps.iter().enumerate() {
        let gain = momentum::gain(0.9, n + 1);
        assert!((step.velocity[0] / steps[0].velocity[0] / gain - 1.0).abs() < 2e-3, "{n}");
    }
    assert!((momentum::limit(0.9) - 10.0).abs() < 1e-12 && (momentum::gain(0.9, 4) - 3.439).abs() < 1e-12);
    assert!((momentum::gain(0.9, 400) - 10.0).abs() < 1e-9);
    assert_eq!((momentum::gain(0.0, 4), momentum::limit(0.0)), (1.0, 1.0));
}

#[test]
fn a_bias_with_lambda_hardly_goes_on() {
    let (with, without) = (excluded::run(&LARS, true, 200), excluded::run(&LARS, false, 200));
    assert_eq!(with[0].ratio, 1.0);
    assert_eq!(with[0].weights, without[0].weights);
    let off = |w: [f64; 2]| ((w[0] - excluded::BEST[0]).powi(2) + (w[1] - excluded::BEST[1]).powi(2)).sqrt();
    assert!(off(without[199].weights) < 0.01 * 0.5, "{:?}", without[199]);
    assert!(off(with[199].weights) > 0.5 * 0.5, "{:?}", with[199]);
    assert!(with[50].ratio < 0.01);
    let distances = excluded::distances(&with);
    assert_eq!((distances.len(), distances[0]), (201, 0.5));
    assert!((distances[200] - off(with[199].weights)).abs() < 1e-15);
}

#[test]
fn the_recording_is_whole() {
    let preset = OptimizerConfig::preset(Optimizer::Lars, 128);
    let own = Lars::from(&preset);
    assert!(
        (own.momentum - SETTINGS.momentum).abs() < 1e-6 && (own.weight_decay - SETTINGS.weight_decay).abs() < 1e-12
    );
    assert!((own.trust_coefficient - SETTINGS.trust_coefficient).abs() < 1e-9);
    for which in [Which::Lars, Which::Sgd] {
        let run = Recording::new(which);
        let adapted = run.tensors.iter().filter(|t| adapts(&t.shape)).count();
        assert_eq!((run.tensors.len(), adapted), (16, 6));
        assert!(run.moments.len() > 30 && run.moments.windows(2).all(|m| m[0].step < m[1].step));
        assert_eq!((run.moments[0].step, run.moments.last().unwrap().step), (1, 270));
        for moment in &run.moments {
            assert_eq!(moment.norms.len(), adapted);
            assert!(moment.loss > 1.0 && moment.rate > 0.0);
            assert!(moment.norms.iter().all(|&(w, g)| w > 0.0 && g > 0.0), "{moment:?}");
        }
        assert_eq!(run.vectors.len(), 5);
        assert!(run.vectors.iter().all(|(_, norms)| norms.len() == 16 - adapted));
        // Biases of normalisation start at 0.
        assert_eq!(run.vectors[0].1[1].0, 0.0);
    }
    // Both runs start from the same weights and images.
    let [lars, sgd] = [Which::Lars, Which::Sgd].map(|which| Recording::new(which).moments.swap_remove(0).norms);
    for (a, b) in lars.iter().zip(&sgd) {
        assert!((a.1 - b.1).abs() < 2e-3 * a.1, "{a:?} {b:?}");
    }
}
