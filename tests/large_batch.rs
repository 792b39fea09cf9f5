//! A batch of 4 096 images on a device that has memory for 64: what a step in chunks really takes,
//! beside what is reckoned before it starts.
#![cfg(target_os = "linux")]

use burn::tensor::Device;
use simclr_lab::core::config::{Architecture, EncoderConfig, RunConfig, Stem};
use simclr_lab::core::cost::Cost;
use simclr_lab::core::dataset::Dataset;
use simclr_lab::core::rng::Rng;
use simclr_lab::learn::block_on::block_on;
use simclr_lab::learn::store::ByteStore;
use simclr_lab::learn::trainer::Trainer;
use simclr_lab::learn::training::Training;

const IMAGES: usize = 4_096;

/// Most memory of this process so far, in bytes: the kernel keeps count.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

#[test]
fn a_step_of_4096_images_takes_the_memory_of_64() {
    let encoder = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8);
    let whole = RunConfig { encoder, batch: IMAGES, epochs: 1, ..RunConfig::preset(16, IMAGES) };
    let chunked = RunConfig { chunk: 64, ..whole };
    let few = RunConfig { batch: 64, ..whole };
    let [whole_needs, needs, few_need] = [whole, chunked, few].map(|config| Cost::memory(&config, IMAGES));
    assert!(whole_needs > 1 << 30 && needs < few_need + (200 << 20), "{whole_needs} {needs} {few_need}");

    let mut rng = Rng::new(1);
    let pixels = (0..IMAGES * 3 * 16 * 16).map(|_| rng.below(256) as u8).collect();
    let dataset = Dataset { size: 16, pixels, ..Dataset::default() };
    let before = peak();
    let store = ByteStore::new(&dataset, &Device::flex(), usize::MAX);
    let images: Vec<usize> = (0..IMAGES).collect();
    let mut trainer = Trainer::new(&chunked, store, &images, &Device::flex()).unwrap();
    trainer.step();
    let measured = block_on(trainer.read()).unwrap();
    let took = peak() - before;
    assert!(took < needs, "{took} bytes, reckoned {needs}");
    // Noise against noise: near the chance line ln(2N − 1), with all 8 190 negatives.
    let loss = measured[0].loss;
    assert!((loss - 8191f32.ln()).abs() < 1.0, "{loss}");
    assert!(trainer.done());
}
