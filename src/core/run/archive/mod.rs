//! The archive that a run is exported to: names of its files, its texts and arrays. Other programs read these
//! names and formats.

pub mod model_card;
pub mod tables;

/// The encoder's weights, with torchvision's names.
pub const ENCODER: &str = "encoder.safetensors";
/// `fc.weight` [classes, features] and `fc.bias` `[classes]`, on features as the encoder gives them.
pub const CLASSIFIER: &str = "classifier.safetensors";
/// The encoder with a classifier, both trained on labels: the encoder's names, and `fc`.
pub const FINE_TUNED: &str = "fine_tuned.safetensors";
/// The [`RunRecord`](super::RunRecord).
pub const RUN: &str = "run.json";
/// Loads and uses the encoder in PyTorch: [`LOAD_ENCODER`].
pub const SCRIPT: &str = "load_encoder.py";
pub const CARD: &str = "README.md";
pub const STEPS: &str = "steps.csv";
pub const EPOCHS: &str = "epochs.csv";
/// The run beside those of other seeds: [`tables::runs_csv`]. Only where there are any.
pub const SEEDS: &str = "seeds.csv";
/// Features h of all images, f32 [N, F].
pub const FEATURES: &str = "features.npy";
/// Which image a row of [`FEATURES`] is of.
pub const IMAGES: &str = "images.csv";

/// The Python file: the same for every run, it reads what differs from [`RUN`].
pub const LOAD_ENCODER: &str = include_str!("load_encoder.py");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, InitialWeights, Stem};
    use crate::core::run::examples::record;

    #[test]
    fn the_script_reads_what_the_record_holds() {
        let json = serde_json::to_value(record("a")).unwrap();
        let encoder = &json["config"]["encoder"];
        assert!(json["config"]["image_size"].is_u64() && encoder["width"].is_u64());
        assert_eq!(json["data"]["classes"][0], "rose");
        for start in [InitialWeights::Random, InitialWeights::ImageNet] {
            let name = serde_json::to_string(&start).unwrap();
            assert!(LOAD_ENCODER.contains(&name), "{name}");
        }
        for key in ["config", "encoder", "architecture", "stem", "width", "image_size", "data", "classes"] {
            assert!(LOAD_ENCODER.contains(&format!("[\"{key}\"]")), "{key}");
        }
        for architecture in Architecture::ALL {
            let name = serde_json::to_string(&architecture).unwrap();
            assert!(LOAD_ENCODER.contains(&name), "{name}");
        }
        for stem in [Stem::Small, Stem::ImageNet] {
            let name = serde_json::to_string(&stem).unwrap();
            assert!(LOAD_ENCODER.contains(&name), "{name}");
        }
        for file in [ENCODER, CLASSIFIER, FINE_TUNED, RUN] {
            assert!(LOAD_ENCODER.contains(&format!("\"{file}\"")), "{file}");
        }
        assert!(LOAD_ENCODER.is_ascii());
    }
}
