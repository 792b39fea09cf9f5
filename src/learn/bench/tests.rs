use super::*;
use crate::learn::block_on::block_on;

/// The same steps in torch, TensorFlow.js and jax-js gave these losses: one
/// number checks convolutions, batch normalisation, head, loss, gradients and
/// momentum together.
#[test]
fn four_steps_give_the_losses_of_other_libraries() {
    let mut bench = block_on(Bench::new(Setting::Tiny, Kind::Peer, &Device::flex())).unwrap();
    for want in [4.1481f32, 4.1382, 4.1201, 4.0953] {
        let got = block_on(bench.step()).unwrap();
        assert!((got - want).abs() < 2e-4, "loss {got}, expected {want}");
    }
}

#[test]
fn the_full_step_trains() {
    let mut bench = block_on(Bench::new(Setting::Tiny, Kind::Full, &Device::flex())).unwrap();
    // Chance for N = 32 is ln 63 = 4.14; an untrained encoder is near it.
    let loss = block_on(bench.step()).unwrap();
    assert!((2.5..4.3).contains(&loss), "{loss}");
}

#[test]
fn parts_take_time_each() {
    let clock = std::time::Instant::now();
    let mut parts = Parts::new(Setting::Tiny, &Device::flex());
    let t = block_on(parts.step(|| clock.elapsed().as_secs_f64() * 1e3)).unwrap();
    for part in [t.augmentation, t.forward, t.backward, t.optimizer] {
        assert!(part > 0.0, "{t:?}");
    }
    assert!(t.backward > t.optimizer, "{t:?}");
}

#[test]
fn evaluation_judges_all_three_on_the_test_split() {
    let report = block_on(evaluation(200, &Device::flex(), &mut async |_| true)).unwrap();
    assert_eq!((report.test_images.len(), report.classes.len()), (40, 10));
    for linear in [&report.trained, report.untrained.as_ref().unwrap(), &report.raw_pixels] {
        assert_eq!(linear.predicted.len(), 40);
    }
}
