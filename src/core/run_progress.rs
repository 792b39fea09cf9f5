//! How far a run is and how long it will take: step times smoothed, without the
//! first steps, which compile kernels and fill caches.

use super::config::RunConfig;
use super::run_state::{Phase, RunState};

/// Steps at the start of a run that are slower than the rest.
pub const WARMUP_STEPS: u32 = 2;
/// Weight of the newest step in the smoothed time.
const NEWEST: f64 = 0.1;

/// An exponential mean with the bias correction that Adam uses: early values are not mixed with 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Smoothed {
    sum: f64,
    weight: f64,
}

impl Smoothed {
    fn add(&mut self, value: f64) {
        self.sum += NEWEST * (value - self.sum);
        self.weight += NEWEST * (1.0 - self.weight);
    }

    fn mean(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// Progress of one run. Times are wall times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunProgress {
    total: u32,
    steps_per_epoch: u32,
    batch: usize,
    done: u32,
    /// Steps seen since the start or the last [`RunProgress::interrupted`].
    since_start: u32,
    step: Smoothed,
    evaluation: Smoothed,
    /// The state it is in.
    state: RunState,
    /// When the evaluation under way began.
    evaluating_since: Option<f64>,
    /// A step was begun: the next evaluation is at the end of an epoch.
    begun: bool,
}

impl RunProgress {
    /// The start of a run of `config` over `training_images`.
    pub fn new(config: &RunConfig, training_images: usize) -> Self {
        Self {
            total: config.total_steps(training_images),
            steps_per_epoch: config.steps_per_epoch(training_images),
            batch: config.batch,
            done: 0,
            since_start: 0,
            step: Smoothed::default(),
            evaluation: Smoothed::default(),
            state: RunState::Idle,
            evaluating_since: None,
            begun: false,
        }
    }

    /// A stored run with so many steps done.
    pub fn resumed(config: &RunConfig, training_images: usize, done: u32) -> Self {
        let new = Self::new(config, training_images);
        Self { done: done.min(new.total), begun: done > 0, ..new }
    }

    /// Counts one more step, which took so long. If the time is not finite or is negative (a clock
    /// set back), the step counts but its time does not.
    pub fn step_took(&mut self, milliseconds: f64) {
        self.done = (self.done + 1).min(self.total);
        self.since_start += 1;
        if self.since_start > WARMUP_STEPS && milliseconds.is_finite() && milliseconds >= 0.0 {
            self.step.add(milliseconds);
        }
    }

    /// The run entered `state` at `now`, in milliseconds of any clock. Times the evaluations at the ends of epochs, but
    /// not the one before the first step, which compiles kernels and estimates statistics.
    pub fn entered(&mut self, state: RunState, now: f64) {
        use RunState::{Paused, Running};
        if self.state == Paused && state.is_running() {
            self.interrupted();
        }
        match state {
            Running(Phase::Evaluate { .. }) => self.evaluating_since = self.evaluating_since.or(Some(now)),
            _ => {
                // An evaluation that a pause cut short is repeated.
                let whole = self.begun && (state.is_running() || state == RunState::Finished);
                if let Some(since) = self.evaluating_since.take().filter(|_| whole) {
                    self.evaluation_took(now - since);
                }
            }
        }
        self.begun |= matches!(state, Running(Phase::Compile | Phase::Train));
        self.state = state;
    }

    /// The evaluation at the end of an epoch took so long.
    pub fn evaluation_took(&mut self, milliseconds: f64) {
        if milliseconds.is_finite() && milliseconds >= 0.0 {
            self.evaluation.add(milliseconds);
        }
    }

    /// The run went on after a pause, or on another device: the next steps warm
    /// up again. Until then the times so far hold.
    pub fn interrupted(&mut self) {
        self.since_start = 0;
    }

    pub fn done(&self) -> u32 {
        self.done
    }

    pub fn total(&self) -> u32 {
        self.total
    }

    /// Part of the steps done, 0 to 1; 1 for a run without steps.
    pub fn part(&self) -> f64 {
        if self.total == 0 { 1.0 } else { f64::from(self.done) / f64::from(self.total) }
    }

    /// The epoch that the next step belongs to, from 1; the last one at the end.
    pub fn epoch(&self) -> u32 {
        let epochs = self.total.checked_div(self.steps_per_epoch).unwrap_or(0);
        self.done.checked_div(self.steps_per_epoch).map_or(0, |epoch| (epoch + 1).min(epochs))
    }

    /// Smoothed time of a step; None during the warm-up.
    pub fn step_milliseconds(&self) -> Option<f64> {
        self.step.mean()
    }

    /// Smoothed time of the evaluation after an epoch; None before the first.
    pub fn evaluation_milliseconds(&self) -> Option<f64> {
        self.evaluation.mean()
    }

    /// Images (not views) a second, evaluations left out.
    pub fn images_per_second(&self) -> Option<f64> {
        self.step_milliseconds().filter(|ms| *ms > 0.0).map(|ms| self.batch as f64 * 1000.0 / ms)
    }

    /// Time until the end of the run, with its evaluations once one was timed; None during the warm-up.
    pub fn milliseconds_left(&self) -> Option<f64> {
        let epochs = |steps: u32| f64::from(steps.checked_div(self.steps_per_epoch).unwrap_or(0));
        let evaluations = epochs(self.total) - epochs(self.done);
        let steps = f64::from(self.total - self.done);
        Some(steps * self.step_milliseconds()? + evaluations * self.evaluation.mean().unwrap_or(0.0))
    }
}

/// How long the rest of some work takes that has many similar parts, such as files to read. It counts
/// from the first report on: what came before (loading a program, opening an archive) does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimeLeft {
    /// Milliseconds on any clock and parts done, of the first and of the last report.
    seen: Option<[(f64, u32); 2]>,
    total: u32,
}

/// After less time than this the rest can't be estimated.
const LEAST_SEEN_MILLISECONDS: f64 = 1_000.0;

impl TimeLeft {
    /// Reports that at `now`, `done` of `total` parts are done. A `total` of 0 means unknown.
    pub fn add(&mut self, now: f64, done: u32, total: u32) {
        if total == 0 {
            return;
        }
        self.total = total;
        let first = self.seen.map_or((now, done), |[first, _]| first);
        self.seen = Some([first, (now, done)]);
    }

    /// Time until all parts are done; None within the first second.
    pub fn milliseconds_left(&self) -> Option<f64> {
        let [(begun, before), (now, done)] = self.seen?;
        let (elapsed, parts) = (now - begun, done.saturating_sub(before));
        let known = elapsed >= LEAST_SEEN_MILLISECONDS && parts > 0;
        known.then(|| elapsed / f64::from(parts) * f64::from(self.total.saturating_sub(done)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 steps an epoch of 8 images each, 3 epochs.
    fn run() -> RunProgress {
        RunProgress::new(&RunConfig { batch: 8, epochs: 3, ..RunConfig::default() }, 87)
    }

    #[test]
    fn the_first_steps_do_not_count_as_time() {
        let mut progress = run();
        for _ in 0..WARMUP_STEPS {
            progress.step_took(9_000.0);
            assert_eq!((progress.step_milliseconds(), progress.milliseconds_left()), (None, None));
        }
        progress.step_took(100.0);
        assert_eq!(progress.step_milliseconds(), Some(100.0));
        assert_eq!(progress.images_per_second(), Some(80.0));
        assert_eq!(progress.milliseconds_left(), Some(2_700.0));
    }

    #[test]
    fn steps_epochs_and_parts() {
        let mut progress = run();
        assert_eq!((progress.total(), progress.part(), progress.epoch()), (30, 0.0, 1));
        (0..10).for_each(|_| progress.step_took(1.0));
        assert_eq!((progress.done(), progress.epoch()), (10, 2));
        (0..25).for_each(|_| progress.step_took(1.0));
        assert_eq!((progress.done(), progress.part(), progress.epoch()), (30, 1.0, 3));
        assert_eq!(progress.milliseconds_left(), Some(0.0));
    }

    #[test]
    fn one_slow_step_moves_the_time_little_and_a_lasting_change_wholly() {
        let mut progress = RunProgress::new(&RunConfig { batch: 8, epochs: 100, ..RunConfig::default() }, 80);
        (0..50).for_each(|_| progress.step_took(100.0));
        progress.step_took(300.0);
        let after_one = progress.step_milliseconds().unwrap();
        assert!(after_one > 110.0 && after_one < 130.0, "{after_one}");
        (0..60).for_each(|_| progress.step_took(300.0));
        assert!(progress.step_milliseconds().unwrap() > 295.0);
    }

    #[test]
    fn evaluations_to_come_are_part_of_the_time_left() {
        let mut progress = run();
        (0..10).for_each(|_| progress.step_took(100.0));
        progress.evaluation_took(500.0);
        // 20 steps and two evaluations.
        let left = progress.milliseconds_left().unwrap();
        assert!((left - 3_000.0).abs() < 1e-6, "{left}");
    }

    #[test]
    fn only_whole_evaluations_at_the_end_of_an_epoch_are_timed() {
        use RunState::{Cancelled, Paused, Running};
        let evaluate = |percent| Running(Phase::Evaluate { percent });
        let mut progress = run();
        let mut enter = |states: &[(RunState, f64)]| {
            states.iter().for_each(|(state, at)| progress.entered(*state, *at));
            progress.evaluation_milliseconds()
        };
        // Before the first step, kernels compile.
        let first = [(Running(Phase::Load), 0.0), (evaluate(0), 100.0), (evaluate(50), 4_000.0)];
        assert_eq!(enter(&first), None);
        assert_eq!(enter(&[(Running(Phase::Compile), 9_000.0), (Running(Phase::Train), 9_900.0)]), None);
        assert_eq!(enter(&[(evaluate(0), 20_000.0), (evaluate(40), 20_100.0)]), None, "still at it");
        assert_eq!(enter(&[(Running(Phase::Train), 20_200.0)]), Some(200.0));
        // A pause waits for its end, cancelling does not.
        assert_eq!(enter(&[(evaluate(0), 30_000.0), (Paused, 30_200.0)]), Some(200.0));
        assert_eq!(
            enter(&[(Running(Phase::Train), 90_000.0), (evaluate(0), 91_000.0), (Cancelled, 91_001.0)]),
            Some(200.0)
        );
    }

    #[test]
    fn after_a_pause_steps_warm_up_again() {
        let mut progress = run();
        progress.entered(RunState::Running(Phase::Train), 0.0);
        (0..10).for_each(|_| progress.step_took(100.0));
        progress.entered(RunState::Paused, 1_000.0);
        progress.entered(RunState::Running(Phase::Train), 5_000.0);
        progress.step_took(60_000.0);
        let step = progress.step_milliseconds().unwrap();
        assert!((step - 100.0).abs() < 1e-9, "{step}");
    }

    #[test]
    fn after_an_interruption_the_old_time_stays_while_steps_warm_up() {
        let mut progress = run();
        (0..10).for_each(|_| progress.step_took(100.0));
        progress.interrupted();
        progress.step_took(60_000.0);
        let step = progress.step_milliseconds().unwrap();
        assert!((step - 100.0).abs() < 1e-9, "{step}");
    }

    #[test]
    fn clocks_that_fail_and_runs_without_steps_do_no_harm() {
        let mut progress = run();
        [f64::NAN, -5.0, f64::INFINITY, -1.0].into_iter().for_each(|ms| progress.step_took(ms));
        assert_eq!((progress.done(), progress.step_milliseconds()), (4, None));
        let empty = RunProgress::new(&RunConfig::default(), 0);
        assert_eq!((empty.part(), empty.epoch(), empty.milliseconds_left()), (1.0, 0, None));
    }

    #[test]
    fn time_left_counts_from_the_first_part_on() {
        let mut time = TimeLeft::default();
        // The archive is being opened, after a minute in which the worker was loaded.
        time.add(60_000.0, 0, 0);
        time.add(60_100.0, 0, 100);
        assert_eq!(time.milliseconds_left(), None);
        time.add(60_600.0, 5, 100);
        assert_eq!(time.milliseconds_left(), None, "too early to tell");
        time.add(62_100.0, 20, 100);
        assert_eq!(time.milliseconds_left(), Some(8_000.0));
        // More is found: the parts so far keep their time.
        time.add(62_100.0, 20, 220);
        assert_eq!(time.milliseconds_left(), Some(20_000.0));
        time.add(82_100.0, 220, 220);
        assert_eq!(time.milliseconds_left(), Some(0.0));
        // Seen first when half is done.
        let mut late = TimeLeft::default();
        late.add(0.0, 50, 100);
        late.add(2_000.0, 75, 100);
        assert_eq!(late.milliseconds_left(), Some(2_000.0));
    }
}
