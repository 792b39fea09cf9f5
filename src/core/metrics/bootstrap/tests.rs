use super::*;
use std::time::Instant;

/// 60 images of the golden case "balanced".
fn balanced() -> Vec<Vec<u32>> {
    vec![vec![15, 1, 2], vec![3, 17, 3], vec![1, 4, 14]]
}

/// Against 400 000 multinomial resamples of the same matrix drawn with numpy.
#[test]
fn intervals_agree_with_numpys() {
    let got = Bootstrap::of(&balanced(), 20_000, 3).unwrap();
    let near = |got: Interval, low: f64, high: f64| {
        assert!((got.low - low).abs() < 0.006 && (got.high - high).abs() < 0.006, "{got:?} for [{low}, {high}]");
    };
    near(got.macro_f1, 0.6498, 0.8670);
    near(got.weighted_f1, 0.6526, 0.8672);
    let wanted = [
        [(0.5882, 0.9524), (0.6429, 1.0), (0.6452, 0.9302)],
        [(0.5833, 0.9444), (0.5455, 0.9091), (0.5909, 0.8800)],
        [(0.5263, 0.9333), (0.5263, 0.9333), (0.5517, 0.8780)],
    ];
    for (got, [precision, recall, f1]) in got.per_class.iter().zip(wanted) {
        near(got.precision, precision.0, precision.1);
        near(got.recall, recall.0, recall.1);
        near(got.f1, f1.0, f1.1);
    }
}

#[test]
fn the_seed_decides() {
    let of = |seed| Bootstrap::of(&balanced(), 200, seed).unwrap();
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    assert_eq!(of(1).resamples, 200);
}

#[test]
fn a_resample_has_as_many_images_as_the_set() {
    for images in [1_u32, 2, 7, 60] {
        let matrix = vec![vec![images - 1, 1], vec![0, 0]];
        let mut counts = Counts::new(2);
        counts.resample(&pairs(&matrix), &mut Rng::new(5));
        assert_eq!(counts.truth.iter().sum::<u32>(), images);
        assert_eq!(counts.predicted.iter().sum::<u32>(), images);
    }
}

#[test]
fn a_perfect_classifier_is_sure_and_an_absent_class_scores_zero() {
    let got = Bootstrap::of(&[vec![30, 0, 0], vec![0, 30, 0], vec![0, 0, 0]], 500, 1).unwrap();
    assert_eq!(got.weighted_f1, Interval { low: 1.0, high: 1.0 });
    assert_eq!(got.per_class[2].f1, Interval { low: 0.0, high: 0.0 });
    assert!((got.macro_f1.high - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(Bootstrap::of(&[vec![0, 0], vec![0, 0]], 100, 1), None);
    assert_eq!(Bootstrap::of(&[], 100, 1), None);
    assert_eq!(Bootstrap::of(&balanced(), 0, 1), None);
}

#[test]
fn quantiles_are_linear_between_draws() {
    // numpy.quantile([0, 1, 2, 3, 4], [.025, .975]).
    let got = percentiles(vec![3.0, 1.0, 0.0, 4.0, 2.0]);
    assert!((got.low - 0.1).abs() < 1e-12 && (got.high - 3.9).abs() < 1e-12);
    assert_eq!(percentiles(vec![0.5]), Interval { low: 0.5, high: 0.5 });
}

/// Ten classes, 2 000 images, 1 000 resamples: some 15 ms; the bound leaves room
/// for a busy machine and a build without optimisation.
#[test]
fn it_takes_no_time_to_speak_of() {
    let matrix = vec![vec![20; 10]; 10];
    let start = Instant::now();
    let _ = Bootstrap::of(&matrix, RESAMPLES, 1).unwrap();
    let taken = start.elapsed();
    assert!(taken.as_millis() < 1000, "{taken:?}");
}
