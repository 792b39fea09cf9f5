//! Links to settings: a preset, which holds for the images at hand, or every setting.

use super::pretrain_settings::{from_pairs, from_query};
use super::{IMAGE_SIZES, RunConfig, preset::ImageFacts, preset::Preset, setting::Choice};
use crate::core::{error::ConfigFault, query::pairs};

/// The key of a preset.
const PRESET: &str = "preset";

/// Reads a link: settings, and their preset if the link names one and changes none of its settings. A link without a preset
/// is read by [`from_query`]; `images` are those at hand.
///
/// # Errors
/// As `from_query`.
pub fn from_link(
    link: &str,
    base: &RunConfig,
    images: &ImageFacts,
) -> Result<(RunConfig, Option<Preset>), Vec<ConfigFault>> {
    let value = |of: &str| pairs(link).find(|(key, _)| key == of).map(|(_, value)| value);
    let settings = pairs(link).filter(|(key, _)| key != PRESET);
    let Some(named) = value(PRESET) else { return Ok((from_query(link, base)?, None)) };
    let Some((_, preset)) = Preset::TABLE.iter().find(|(key, _)| *key == named) else {
        let accepts = Preset::ALL.map(Preset::key).join(", ");
        return Err(vec![ConfigFault { field: PRESET.into(), value: named, accepts }]);
    };
    let size = value("size").and_then(|size| size.parse().ok()).filter(|size| IMAGE_SIZES.contains(size));
    let recipe = preset.config(&images.at(size.unwrap_or(images.size)));
    let config = from_pairs(settings, &recipe)?;
    Ok((config, (config == recipe).then_some(*preset)))
}

/// The link of a preset for images of `size` pixels, without a leading `?`.
pub fn to_link(preset: Preset, size: usize) -> String {
    format!("{PRESET}={}&size={size}", preset.key())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{preset::ImageKind, pretrain_settings::to_query};

    const KINDS: [ImageKind; 5] =
        [ImageKind::SampleSet, ImageKind::Cifar10, ImageKind::Stl10, ImageKind::Small, ImageKind::Photos];

    #[test]
    fn every_preset_is_within_bounds_and_its_link_gives_the_same_run_elsewhere() {
        let elsewhere = RunConfig { epochs: 7, seed: 3, ..RunConfig::default() };
        for (kind, size) in KINDS.into_iter().flat_map(|kind| IMAGE_SIZES.map(|size| (kind, size))) {
            for images in [0, 1, 4, 5, 300, 5_000, 1_000_000] {
                let images = ImageFacts { kind, size, training_images: images };
                for preset in Preset::ALL {
                    let config = preset.config(&images);
                    assert_eq!(config.check(), Ok(()), "{preset:?} {images:?}");
                    assert_eq!(Preset::of(&config, &images), Some(preset));
                    assert_eq!(from_link(&to_link(preset, size), &elsewhere, &images), Ok((config, Some(preset))));
                    assert_eq!(from_link(&to_query(&config), &elsewhere, &images), Ok((config, None)));
                }
            }
        }
    }

    #[test]
    fn a_link_of_a_preset_may_change_settings_and_its_faults_are_named() {
        let (base, images) = (RunConfig::default(), ImageFacts::new(32, 5_000));
        let thorough = Preset::Thorough.config(&images);
        let changed = RunConfig { epochs: 5, ..thorough };
        assert_eq!(from_link("?preset=thorough&epochs=5", &base, &images), Ok((changed, None)));
        let larger = Preset::Balanced.config(&ImageFacts::new(96, 5_000));
        assert_eq!(from_link("preset=balanced&size=96", &base, &images), Ok((larger, Some(Preset::Balanced))));
        let fault = from_link("preset=quick", &base, &images).unwrap_err().remove(0);
        assert_eq!((fault.field.as_str(), fault.accepts.as_str()), ("preset", "quick_look, balanced, thorough"));
        assert_eq!(from_link("preset=balanced&size=33", &base, &images).unwrap_err()[0].field, "size");
    }
}
