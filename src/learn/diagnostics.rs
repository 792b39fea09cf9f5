//! What the embeddings of one batch look like beside their loss; the formulas
//! are `core`'s.

use super::augment::views;
use super::features::read;
use super::step::SimClr;
use super::store::ByteStore;
use crate::core::augment::ViewParams;
use crate::core::diagnostics::{alignment, rank_me, uniformity};
use crate::core::error::Fault;

/// Of the embeddings z of both views of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diagnostics {
    /// Mean ‖z₁ − z₂‖² over the pairs.
    pub alignment: f32,
    /// Over all 2N views.
    pub uniformity: f32,
    /// Over all 2N views.
    pub rank_me: f32,
}

/// Embeds both views of the named images in one forward pass and looks at z.
/// `model` evaluates where it is on the plain device (`valid()`), as the store.
///
/// # Errors
/// Where the device fails.
///
/// # Panics
/// As [`views`].
pub async fn diagnose(
    model: &SimClr,
    store: &ByteStore,
    indices: &[u32],
    params: &[[ViewParams; 2]],
) -> Result<Diagnostics, Fault> {
    let z = model.forward(views(store, indices, params));
    let dim = z.dims()[1];
    let z: Vec<f64> = read(z).await?.into_iter().map(f64::from).collect();
    let (first, second) = z.split_at(z.len() / 2);
    Ok(Diagnostics {
        alignment: alignment(first, second, dim) as f32,
        uniformity: uniformity(&z, dim) as f32,
        rank_me: rank_me(&z, dim) as f32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
    use crate::core::dataset::Dataset;
    use crate::core::rng::Rng;
    use crate::learn::block_on::block_on;
    use burn::module::Module;
    use burn::tensor::Device;

    #[test]
    fn alignment_is_between_the_two_views_of_an_image() {
        let (size, mut rng) = (16, Rng::new(6));
        let pixels = (0..24 * 3 * size * size).map(|i| ((i / 256 * 37) % 200 + rng.below(50)) as u8).collect();
        let set = Dataset { size, pixels, ..Dataset::default() };
        let device = Device::flex();
        let encoder = EncoderConfig { architecture: Architecture::ConvNet4, stem: Stem::Small, width: 8 };
        let head = HeadConfig { layers: 2, output: 32 };
        let model = SimClr::new(&encoder, &head, 1, &device.clone().autodiff()).valid();
        let store = ByteStore::new(&set, &device, usize::MAX);
        let indices: Vec<u32> = (0..24).collect();
        let run = |second: ViewParams| {
            let pair = [ViewParams::identity(size), second];
            block_on(diagnose(&model, &store, &indices, &[pair; 24])).unwrap()
        };
        let same = run(ViewParams::identity(size));
        assert!(same.alignment < 1e-9, "{same:?}");
        assert!(same.uniformity < -1e-4 && same.uniformity > -4.0, "{same:?}");
        assert!((1.0..=32.0).contains(&same.rank_me), "{same:?}");
        // In evaluation mode each image is embedded for itself.
        let view = ViewParams { gray: true, flip: true, ..ViewParams::identity(size) };
        let embed = |params: ViewParams| {
            let images = crate::learn::augment::apply(store.gather(&indices), &[params; 24]);
            let z = block_on(read(model.forward(images))).unwrap();
            z.into_iter().map(f64::from).collect::<Vec<_>>()
        };
        let want = alignment(&embed(ViewParams::identity(size)), &embed(view), 32);
        let got = f64::from(run(view).alignment);
        assert!(want > 1e-5 && (got - want).abs() < 1e-3 * want, "{got} {want}");
    }
}
