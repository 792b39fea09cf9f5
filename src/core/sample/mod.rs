//! The sample set: images drawn by code from a seed, so that a visitor can train without a download.
//!
//! A person tells the ten patterns apart at once; a linear classifier on raw pixels does not. Place, turn, size,
//! colours, light and texture are drawn anew for every image, and also whether figure or ground is the lighter. No
//! class is another's mirror image, recolouring or crop.

mod motif;
mod scene;

use super::dataset::split::{self, Candidate, GivenSplit};
use super::dataset::{Dataset, Example, Split};
use super::rng::Rng;
use motif::Motif;
use scene::Scene;

/// The set's name in reports of sources.
pub const NAME: &str = "sample set";

/// Default number of images of each class.
pub const IMAGES_PER_CLASS: usize = 200;

/// Names of the classes, in label order.
pub fn class_names() -> Vec<String> {
    Motif::ALL.iter().map(|m| m.name().to_owned()).collect()
}

/// Draws the set image by image, so that the caller can show progress and yield. The same seed, number and size give
/// the same images; image k of a class depends on neither the number of images nor the other classes.
#[derive(Clone, Debug)]
pub struct SampleDrawing {
    seed: u64,
    total: usize,
    dataset: Dataset,
}

impl SampleDrawing {
    /// Nothing drawn yet. `size` is the side in pixels.
    pub fn new(seed: u64, images_per_class: usize, size: usize) -> Self {
        let total = images_per_class * Motif::ALL.len();
        let mut dataset = Dataset { size, classes: class_names(), ..Dataset::default() };
        dataset.pixels.reserve_exact(total * dataset.stride());
        dataset.examples.reserve_exact(total);
        Self { seed, total, dataset }
    }

    /// Images that the whole set will have.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Images drawn so far.
    pub fn drawn(&self) -> usize {
        self.dataset.examples.len()
    }

    /// The pixels of image `index`, the classes in turn, for [`SampleDrawing::add`]. Any thread may draw any image.
    pub fn image(&self, index: usize) -> Vec<u8> {
        image(self.seed, index % Motif::ALL.len(), index / Motif::ALL.len(), self.dataset.size)
    }

    /// Adds the pixels of the next images.
    pub fn add(&mut self, images: Vec<Vec<u8>>) {
        for pixels in images {
            let index = self.drawn();
            let (label, number) = (index % Motif::ALL.len(), index / Motif::ALL.len());
            self.dataset.pixels.extend(pixels);
            self.dataset.examples.push(Example {
                label: Some(label as u16),
                split: Split::Train,
                name: format!("{}/{:04}.png", Motif::ALL[label].name(), number + 1),
            });
        }
    }

    /// The set with its splits assigned: 60 % train, 20 % validation and 20 %
    /// test of each class. Draws what is still missing.
    pub fn finish(mut self) -> Dataset {
        self.add((self.drawn()..self.total).map(|index| self.image(index)).collect());
        // No two scenes are alike, so every image is its own group.
        let candidates: Vec<Candidate> = self
            .dataset
            .examples
            .iter()
            .enumerate()
            .map(|(group, e)| Candidate { label: e.label, given: GivenSplit::Free, group })
            .collect();
        for (example, chosen) in self.dataset.examples.iter_mut().zip(split::draw(&candidates, self.seed)) {
            example.split = chosen;
        }
        self.dataset
    }
}

/// Image `number` of a class, planar RGB of `size` by `size` pixels, as the set of the same seed has it.
pub fn image(seed: u64, label: usize, number: usize, size: usize) -> Vec<u8> {
    let (motif, mut pixels) = (Motif::ALL[label], vec![0; 3 * size * size]);
    let mut rng = Rng::stream(seed, motif.name()).fork(number as u64);
    Scene::draw(motif, &mut rng).render(size, &mut pixels);
    pixels
}

/// The whole set at once: `images_per_class` images of `size` by `size` pixels of every class, with splits.
pub fn sample_set(seed: u64, images_per_class: usize, size: usize) -> Dataset {
    SampleDrawing::new(seed, images_per_class, size).finish()
}

#[cfg(test)]
mod tests;
