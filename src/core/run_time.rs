//! How long a run takes on a device: by an earlier timing there, else by its counted work; and how to make it shorter.

use super::config::pretrain_settings::{from_query, to_query};
use super::config::{Architecture, EncoderConfig, InitialWeights, RunConfig};
use super::cost::Cost;
use super::report::{Backend, DeviceReport, Estimate};

/// What an estimate is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Counted work, at the speed of the device's last timing or a common one's.
    Counted,
    /// A timing of the same step on this device, maybe of another visit.
    Earlier,
    /// A timing of these settings in this visit.
    Timed,
    /// The run's own steps.
    Run,
}

/// The device that a run is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub device: DeviceReport,
    /// Threads of the CPU backend.
    pub threads: u32,
    /// Images that kNN looks at after an epoch.
    pub knn_images: usize,
}

impl Place {
    /// What timings are kept by.
    fn key(&self) -> String {
        match self.device.backend {
            Backend::Cpu => format!("CPU {}", self.threads),
            Backend::WebGpu => self.device.name.replace(char::is_control, " "),
        }
    }
}

/// An estimate with the device and the number of kNN's images that it was made with.
#[derive(Clone, Debug, PartialEq)]
struct Timing {
    place: String,
    knn_images: usize,
    estimate: Estimate,
}

/// The last timings, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings(Vec<Timing>);

/// Timings that are kept.
const KEPT: usize = 12;

impl Timings {
    /// Adds a timing; it replaces that of the same step.
    pub fn add(&mut self, estimate: Estimate, place: &Place) {
        let (key, knn_images) = (place.key(), place.knn_images);
        self.0.retain(|old| old.place != key || !old.estimate.config.same_step(&estimate.config));
        self.0.insert(0, Timing { place: key, knn_images, estimate });
        self.0.truncate(KEPT);
    }

    /// What `config` takes, and how that is known.
    pub fn expect(&self, config: &RunConfig, place: &Place) -> (Estimate, Basis) {
        let key = place.key();
        let mut here = self.0.iter().filter(|timing| timing.place == key);
        if let Some(known) = here.clone().find(|timing| timing.estimate.config.same_step(config)) {
            let share = place.knn_images as f64 / known.knn_images.max(1) as f64;
            let knn_milliseconds = known.estimate.knn_milliseconds * share;
            return (Estimate { config: *config, knn_milliseconds, ..known.estimate }, Basis::Earlier);
        }
        let [step, image] = Cost::work(config);
        let work = |timing: &Timing| Cost::work(&timing.estimate.config)[0] / timing.estimate.step_milliseconds;
        let rough = Cost::rough_speed(&place.device, place.threads) / 1000.0;
        let speed = here.next().map_or(rough, work);
        let knn_milliseconds = image * place.knn_images as f64 / speed;
        let backend = place.device.backend;
        (Estimate { config: *config, backend, step_milliseconds: step / speed, knn_milliseconds }, Basis::Counted)
    }

    /// One line a timing, to be remembered.
    pub fn to_text(&self) -> String {
        let line = |Timing { place, knn_images, estimate: e }: &Timing| {
            let device = if e.backend == Backend::Cpu { "cpu" } else { "gpu" };
            let query = to_query(&e.config);
            format!("{device}\t{}\t{}\t{knn_images}\t{query}\t{place}\n", e.step_milliseconds, e.knn_milliseconds)
        };
        self.0.iter().map(line).collect()
    }

    /// Reads [`Timings::to_text`]. Lines of another program, which it cannot read, are left out.
    pub fn from_text(text: &str) -> Self {
        let line = |line: &str| {
            let mut parts = line.split('\t');
            let mut next = || parts.next();
            let backend = if next()? == "cpu" { Backend::Cpu } else { Backend::WebGpu };
            let mut number = || next()?.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
            let (step, knn_milliseconds, knn_images) = (number()?, number()?, number()? as usize);
            let config = from_query(next()?, &RunConfig::default()).ok()?;
            let estimate = Estimate { config, backend, step_milliseconds: step.max(0.1), knn_milliseconds };
            Some(Timing { place: next()?.to_owned(), knn_images, estimate })
        };
        Self(text.lines().filter_map(line).take(KEPT).collect())
    }
}

/// Encoders to fall back to, the largest first.
const SMALLER: [(Architecture, usize); 5] = [
    (Architecture::ResNet18, 64),
    (Architecture::ResNet10, 32),
    (Architecture::ResNet10, 16),
    (Architecture::ConvNet4, 16),
    (Architecture::ConvNet4, 8),
];
/// Of its epochs an encoder keeps at least one in so many; a smaller encoder with more of them learns more.
const FEWEST: u32 = 4;

/// `config` changed to take at most `milliseconds`: as it is, else with fewer epochs, else with a smaller encoder, too.
/// `None` if not even one epoch of the smallest fits. `epoch` gives the milliseconds of one epoch.
pub fn fit_into(config: &RunConfig, milliseconds: f64, epoch: impl Fn(&RunConfig) -> f64) -> Option<RunConfig> {
    let work = |config: &RunConfig| Cost::work(config)[0];
    // Published weights are of one network.
    let smaller = SMALLER.into_iter().filter(|_| config.encoder.start == InitialWeights::Random);
    let smaller = smaller.map(|(architecture, width)| {
        let encoder = EncoderConfig::random(architecture, config.encoder.stem, width);
        RunConfig { encoder, ..*config }
    });
    let candidates = std::iter::once(*config).chain(smaller.filter(|smaller| work(smaller) < work(config)));
    let mut last = None;
    for candidate in candidates {
        let most = (milliseconds / epoch(&candidate)).min(f64::from(config.epochs)) as u32;
        if most == config.epochs || most >= config.epochs.div_ceil(FEWEST) {
            return Some(RunConfig { epochs: round(most, config.epochs), ..candidate });
        }
        if most > 0 {
            last = Some(RunConfig { epochs: round(most, config.epochs), ..candidate });
        }
    }
    last
}

/// Rounded down to about two leading digits, but for `all`.
fn round(epochs: u32, all: u32) -> u32 {
    let unit = match epochs {
        _ if epochs == all => 1,
        100.. => 10,
        20.. => 5,
        _ => 1,
    };
    epochs / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::preset::{ImageFacts, Preset};

    fn place(threads: u32) -> Place {
        let device = DeviceReport { backend: Backend::Cpu, name: String::new(), software: false, why_not_gpu: None };
        Place { device, threads, knn_images: 1_600 }
    }

    fn config(preset: Preset) -> RunConfig {
        preset.config(&ImageFacts::new(32, 1_200))
    }

    fn timed(config: RunConfig, step_milliseconds: f64) -> Estimate {
        Estimate { config, backend: Backend::Cpu, step_milliseconds, knn_milliseconds: 300.0 }
    }

    #[test]
    fn an_earlier_timing_comes_before_counted_work() {
        let mut timings = Timings::default();
        let balanced = config(Preset::Balanced);
        let (rough, basis) = timings.expect(&balanced, &place(1));
        assert_eq!(basis, Basis::Counted);
        assert!((100.0..10_000.0).contains(&rough.step_milliseconds), "{rough:?}");
        let (faster, _) = timings.expect(&balanced, &place(2));
        assert!((rough.step_milliseconds / faster.step_milliseconds - 2.0).abs() < 1e-9, "two threads");
        timings.add(timed(balanced, 500.0), &place(1));
        let again = RunConfig { epochs: 7, ..balanced };
        let (known, basis) = timings.expect(&again, &place(1));
        assert_eq!((known, basis), (timed(again, 500.0), Basis::Earlier));
        let half = Place { knn_images: 800, ..place(1) };
        assert_eq!(timings.expect(&again, &half).0.knn_milliseconds, 150.0);
        // The speed holds for other settings, on this device alone.
        let (thorough, basis) = timings.expect(&config(Preset::Thorough), &place(1));
        let times = Cost::work(&config(Preset::Thorough))[0] / Cost::work(&balanced)[0];
        assert_eq!(basis, Basis::Counted);
        assert!((thorough.step_milliseconds / (500.0 * times) - 1.0).abs() < 1e-9, "{thorough:?}");
        assert_eq!(timings.expect(&balanced, &place(2)), (faster, Basis::Counted));
    }

    #[test]
    fn timings_are_remembered_and_what_cannot_be_read_is_left_out() {
        let mut timings = Timings::default();
        timings.add(timed(config(Preset::Balanced), 512.5), &place(2));
        timings.add(timed(config(Preset::QuickLook), 40.0), &place(2));
        let text = timings.to_text();
        assert_eq!(Timings::from_text(&text), timings);
        assert_eq!(Timings::from_text(&format!("{text}cpu\t1\nother\n{}", text.replace("epochs=", "epoch="))), timings);
        // The same step once more replaces its timing, and only so many are kept.
        timings.add(timed(config(Preset::QuickLook), 50.0), &place(2));
        assert_eq!(timings.expect(&config(Preset::QuickLook), &place(2)).0.step_milliseconds, 50.0);
        assert_eq!(timings.0.len(), 2);
        (2..40).for_each(|batch| timings.add(timed(RunConfig { batch, ..RunConfig::default() }, 1.0), &place(2)));
        assert_eq!(timings.0.len(), KEPT);
    }

    #[test]
    fn what_fits_stays_then_epochs_go_then_the_encoder() {
        let base = config(Preset::Balanced);
        assert_eq!(base.epochs, 100);
        // Ten seconds an epoch of ResNet-10.
        let epoch = |c: &RunConfig| 10_000.0 * Cost::work(c)[0] / Cost::work(&base)[0];
        let fit = |seconds: f64| fit_into(&base, 1000.0 * seconds, epoch);
        assert_eq!(fit(1_000.0), Some(base));
        assert_eq!(fit(990.0), Some(RunConfig { epochs: 95, ..base }));
        assert_eq!(fit(250.0), Some(RunConfig { epochs: 25, ..base }));
        for seconds in [240.0, 100.0, 20.0, 5.0, 1.0] {
            let fitted = fit(seconds).unwrap();
            assert_ne!(fitted.encoder, base.encoder, "{seconds} s");
            assert_eq!(RunConfig { encoder: base.encoder, epochs: base.epochs, ..fitted }, base, "nothing else");
            assert!(f64::from(fitted.epochs) * epoch(&fitted) <= 1000.0 * seconds);
            assert_eq!(fitted.check(), Ok(()));
        }
        assert_eq!(fit(0.001), None);
    }
}
