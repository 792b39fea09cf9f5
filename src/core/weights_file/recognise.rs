//! Which network a file of weights is of: by the names and shapes of its tensors, never by the file's name.

use super::{Header, WeightsFault, WrongShape};
use crate::core::imagenet::ImageNetEncoder;
use std::collections::HashMap;

/// A network of the program, and the tensors that it wants: names and shapes.
pub type Known = (ImageNetEncoder, Vec<(String, Vec<usize>)>);

/// The network of `known` that has exactly the tensors of the file. A classifier and counters of batches don't count.
/// Any other tensor that a network lacks rules it out, because ResNet-152 has all tensors of ResNet-101 and more.
///
/// `tensors` are named as [`plain_name`] makes them.
///
/// # Errors
/// [`WeightsFault::UnknownNetwork`] if no network has a tensor in common with the file;
/// [`WeightsFault::Unfit`], about the network with the most weights in common, otherwise.
pub fn recognise(tensors: &[Header], known: &[Known]) -> Result<ImageNetEncoder, WeightsFault> {
    let shapes: HashMap<&str, &[usize]> = tensors.iter().map(|t| (t.name.as_str(), &t.shape[..])).collect();
    let fits = |(name, shape): &(String, Vec<usize>)| shapes.get(name.as_str()) == Some(&&shape[..]);
    // All networks of a family have vectors of the same names and lengths; weights of more dimensions tell them apart.
    let telling = tensors.iter().filter(|t| t.shape.len() > 1 && !beside_the_encoder(&t.name)).count();
    let mut nearest: Option<(f64, &Known)> = None;
    for network in known {
        let wanted = &network.1;
        if wanted.iter().all(fits) && too_much(tensors, wanted).is_empty() {
            return Ok(network.0);
        }
        let weights = || wanted.iter().filter(|(_, shape)| shape.len() > 1);
        let common = weights().filter(|tensor| fits(tensor)).count();
        // The part in common of all that either has.
        let likeness = common as f64 / (weights().count() + telling - common) as f64;
        if common > 0 && nearest.is_none_or(|(best, _)| likeness > best) {
            nearest = Some((likeness, network));
        }
    }
    let seems = seems(tensors);
    let Some((_, (nearest, wanted))) = nearest else {
        let first = tensors.iter().take(3).map(|t| t.name.clone()).collect();
        return Err(WeightsFault::UnknownNetwork { seems, tensors: tensors.len(), first });
    };
    let missing = wanted.iter().filter(|(name, _)| !shapes.contains_key(name.as_str())).map(|(name, _)| name.clone());
    let wrong = wanted.iter().filter(|tensor| !fits(tensor)).filter_map(|(name, expected)| {
        let found = shapes.get(name.as_str())?.to_vec();
        Some(WrongShape { name: name.clone(), expected: expected.clone(), found })
    });
    Err(WeightsFault::Unfit {
        seems,
        nearest: *nearest,
        missing: missing.collect(),
        wrong: wrong.collect(),
        unknown: too_much(tensors, wanted),
    })
}

/// A name without the prefix of torch's `DataParallel`.
pub fn plain_name(name: &str) -> &str {
    name.strip_prefix("module.").unwrap_or(name)
}

/// Whether a tensor of a published file is not part of an encoder.
fn beside_the_encoder(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    matches!(first, "fc" | "classifier" | "classif" | "last_linear" | "pre_logits" | "head")
        || name.ends_with(".num_batches_tracked")
}

fn too_much(tensors: &[Header], wanted: &[(String, Vec<usize>)]) -> Vec<String> {
    let wanted: std::collections::HashSet<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    let names = tensors.iter().map(|t| &t.name);
    names.filter(|name| !wanted.contains(name.as_str()) && !beside_the_encoder(name)).cloned().collect()
}

/// What network a file seems to be of, by habits of naming.
fn seems(tensors: &[Header]) -> Option<String> {
    let shape = |name: &str| tensors.iter().find(|t| t.name == name).map(|t| &t.shape[..]);
    let any = |part: &str| tensors.iter().any(|t| t.name.contains(part));
    if shape("conv1.weight").is_some() && any("layer1.0.conv1.") {
        return Some(residual(tensors));
    }
    const HABITS: [(&str, &str); 8] = [
        ("bn4.running_mean", "this program's ConvNet-4"),
        ("mixed_5b.", "Inception-ResNet-v2"),
        ("Mixed_5b.", "Inception-v3"),
        ("denseblock", "a DenseNet"),
        ("patch_embed", "a transformer"),
        ("attn", "a transformer"),
        ("attention", "a transformer"),
        ("features.0.0.", "a MobileNet or an EfficientNet"),
    ];
    if let Some((_, network)) = HABITS.iter().find(|(part, _)| any(part)) {
        return Some((*network).into());
    }
    let convolutions = tensors.iter().filter(|t| t.name.starts_with("features.") && t.shape.len() == 4).count();
    match (shape("features.0.weight"), convolutions) {
        (Some([64, 3, 11, 11]), _) => Some("AlexNet".into()),
        (Some([64, 3, 3, 3]), 8 | 10 | 13 | 16) => {
            let with = if any("running_mean") { " with batch normalisation" } else { "" };
            Some(format!("VGG{}{with}", convolutions + 3))
        }
        _ => None,
    }
}

/// A residual network by torchvision's names: the blocks of its stages tell its depth.
fn residual(tensors: &[Header]) -> String {
    let shape = |name: &str| tensors.iter().find(|t| t.name == name).map(|t| &t.shape[..]);
    let blocks = [1, 2, 3, 4]
        .map(|stage| (0..).take_while(|block| shape(&format!("layer{stage}.{block}.conv1.weight")).is_some()).count());
    let bottleneck = shape("layer1.0.conv3.weight").is_some();
    let depth = match (blocks, bottleneck) {
        ([1, 1, 1, 1], false) => "10",
        ([2, 2, 2, 2], false) => "18",
        ([3, 4, 6, 3], false) => "34",
        ([3, 4, 6, 3], true) => "50",
        ([3, 4, 23, 3], true) => "101",
        ([3, 8, 36, 3], true) => "152",
        _ => return format!("a residual network of {blocks:?} blocks"),
    };
    let mut words = format!("ResNet-{depth}");
    if let Some([width, _, kernel, _]) = shape("conv1.weight") {
        if *width != 64 {
            words += &format!(" of width {width}");
        }
        if *kernel == 3 {
            words += " for small images (its first convolution is 3×3)";
        }
        let second = shape("layer1.0.conv2.weight");
        if bottleneck && second.is_some_and(|second| second[..2] != [*width, *width]) {
            words += " with wider or grouped blocks (Wide ResNet or ResNeXt)";
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{architecture::Architecture, weights_file::Number};

    fn file(tensors: &[(&str, &[usize])]) -> Vec<Header> {
        let header = |&(name, shape): &(&str, &[usize])| Header {
            name: plain_name(name).to_owned(),
            shape: shape.to_vec(),
            number: Number::F32,
        };
        tensors.iter().map(header).collect()
    }

    fn known() -> Vec<Known> {
        let own = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), vec![4, 3])).collect();
        vec![
            (ImageNetEncoder::of(Architecture::ResNet18).unwrap(), own(&["a.weight", "b.weight"])),
            (
                ImageNetEncoder::of(Architecture::ResNet50).unwrap(),
                own(&["a.weight", "b.weight", "c.weight", "d.weight"]),
            ),
        ]
    }

    #[test]
    fn the_network_with_exactly_these_tensors() {
        let shape: &[usize] = &[4, 3];
        let two =
            file(&[("a.weight", shape), ("b.weight", shape), ("fc.weight", &[9, 4]), ("b.num_batches_tracked", &[])]);
        assert_eq!(recognise(&two, &known()), Ok(ImageNetEncoder::of(Architecture::ResNet18).unwrap()));
        let four = file(&[
            ("module.a.weight", shape),
            ("module.b.weight", shape),
            ("module.c.weight", shape),
            ("module.d.weight", shape),
        ]);
        assert_eq!(recognise(&four, &known()), Ok(ImageNetEncoder::of(Architecture::ResNet50).unwrap()));
    }

    #[test]
    fn what_does_not_fit_is_listed() {
        let shape: &[usize] = &[4, 3];
        let Err(fault) = recognise(
            &file(&[("a.weight", shape), ("b.weight", shape), ("c.weight", &[5]), ("d.bias", &[5])]),
            &known(),
        ) else {
            panic!("recognised")
        };
        let WeightsFault::Unfit { nearest, missing, wrong, unknown, .. } = &fault else { panic!("{fault:?}") };
        assert_eq!((*nearest, missing.len()), (ImageNetEncoder::of(Architecture::ResNet18).unwrap(), 0));
        assert!(wrong.is_empty());
        assert_eq!(unknown, &["c.weight", "d.bias"]);
        let part = file(&[("b.weight", shape), ("c.weight", shape), ("d.weight", &[5])]);
        let Err(fault) = recognise(&part, &known()) else { panic!("recognised") };
        let WeightsFault::Unfit { seems: None, nearest, missing, wrong, .. } = fault else { panic!("{fault:?}") };
        assert_eq!(
            (nearest, missing),
            (ImageNetEncoder::of(Architecture::ResNet50).unwrap(), vec!["a.weight".to_owned()])
        );
        assert_eq!(wrong, [WrongShape { name: "d.weight".into(), expected: shape.to_vec(), found: vec![5] }]);
        let Err(fault) = recognise(&file(&[("x.y", shape), ("z", &[])]), &known()) else { panic!("recognised") };
        let first = vec!["x.y".to_owned(), "z".to_owned()];
        assert_eq!(fault, WeightsFault::UnknownNetwork { seems: None, tensors: 2, first });
    }

    #[test]
    fn networks_of_other_kinds_are_named() {
        let seems = |tensors: &[(&str, &[usize])]| seems(&file(tensors)).unwrap_or_default();
        assert_eq!(seems(&[("blocks.0.attn.qkv.weight", &[9, 3])]), "a transformer");
        assert_eq!(seems(&[("features.0.weight", &[64, 3, 11, 11])]), "AlexNet");
        assert_eq!(seems(&[("features.denseblock1.denselayer1.conv1.weight", &[1])]), "a DenseNet");
        let names: Vec<String> = (0..13).map(|i| format!("features.{i}.weight")).collect();
        let vgg: Vec<(&str, &[usize])> = names.iter().map(|n| (&n[..], &[64usize, 3, 3, 3][..])).collect();
        assert_eq!(seems(&vgg), "VGG16");
        assert_eq!(seems(&[("a", &[])]), "");
    }
}
