//! Which network a file of weights is of: by the names and shapes of its tensors, never by the
//! file's name.

use super::{Header, WeightsFault, WrongShape};
use crate::core::imagenet::ImageNetEncoder;
use std::collections::HashMap;

/// A network of the program, and the tensors that it wants: names and shapes.
pub type Known = (ImageNetEncoder, Vec<(String, Vec<usize>)>);

/// The network of `known` that has exactly the tensors of the file. A classifier and counters of
/// batches don't count; anything else that is too much does, because ResNet-152 has all tensors
/// of ResNet-101, and more.
///
/// `tensors` are named as [`plain_name`] makes them.
///
/// # Errors
/// [`WeightsFault::UnknownNetwork`] where nothing fits; [`WeightsFault::Unfit`], about the network with the most
/// weights in common, where not everything does.
pub fn recognise(tensors: &[Header], known: &[Known]) -> Result<ImageNetEncoder, WeightsFault> {
    let shapes: HashMap<&str, &[usize]> = tensors.iter().map(|t| (t.name.as_str(), &t.shape[..])).collect();
    let fits = |(name, shape): &(String, Vec<usize>)| shapes.get(name.as_str()) == Some(&&shape[..]);
    // Vectors of equal length and name are in every network of a family; a network is what its
    // weights of more dimensions are.
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

/// A name without what torch's `DataParallel` puts before it.
pub fn plain_name(name: &str) -> &str {
    name.strip_prefix("module.").unwrap_or(name)
}

/// Parts of published files that are no part of an encoder.
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

/// What network a file is of, by habits of naming; none where that can't be said.
fn seems(tensors: &[Header]) -> Option<String> {
    let shape = |name: &str| tensors.iter().find(|t| t.name == name).map(|t| &t.shape[..]);
    let any = |part: &str| tensors.iter().any(|t| t.name.contains(part));
    if shape("conv1.weight").is_some() && any("layer1.0.conv1.") {
        return Some(residual(tensors));
    }
    if any("conv1.weight") && any("bn4.running_mean") {
        return Some("this program's ConvNet-4".into());
    }
    if any("mixed_5b.") {
        return Some("Inception-ResNet-v2".into());
    }
    if any("Mixed_5b.") {
        return Some("Inception-v3".into());
    }
    if any("denseblock") {
        return Some("a DenseNet".into());
    }
    if any("patch_embed") || any("attn") || any("attention") {
        return Some("a transformer".into());
    }
    if any("features.0.0.") {
        return Some("a MobileNet or an EfficientNet".into());
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

/// A residual network by torchvision's names: its blocks a stage tell its depth.
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
mod tests;
