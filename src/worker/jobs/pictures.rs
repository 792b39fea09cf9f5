//! Images for a person to look at: the few pixels that leave the device.

use crate::core::{config::AugmentConfig, dataset::Dataset, error::Fault, report::Picture};
use crate::learn::{augment, features::read, trainer::view_pair};
use crate::protocol::Event;
use crate::worker::session::{self, with};

/// The images as they are stored, without unknown indices.
pub fn pictures(indices: &[u32]) -> Result<Event, Fault> {
    Ok(Event::Pictures(originals(indices)?))
}

fn originals(indices: &[u32]) -> Result<Vec<Picture>, Fault> {
    with(|s| {
        let dataset = s.library.dataset().ok_or(Fault::NoDataset)?;
        let known = indices.iter().map(|&i| i as usize).filter(|&i| i < dataset.examples.len());
        Ok(known.map(|i| stored(dataset, i)).collect())
    })
}

/// Each image with its two views, which the function that training calls makes on the current device.
pub async fn preview(indices: &[u32], config: &AugmentConfig, seed: u64, epoch: u32) -> Result<Event, Fault> {
    let store = session::store().await?;
    let originals = originals(indices)?;
    if originals.is_empty() {
        return Ok(Event::Views(Vec::new()));
    }
    let size = store.size();
    let indices: Vec<u32> = originals.iter().map(|p| p.index).collect();
    let source = store.source(config.cuts_detail());
    let params: Vec<_> = indices.iter().map(|&i| view_pair(config, source.size(), seed, epoch, i)).collect();
    let views = augment::some_views(source, size, &indices, &params, &(0..2 * indices.len()).collect::<Vec<_>>());
    let values = read(views).await?;
    let stride = 3 * size * size;
    let view = |picture: &Picture, n: usize| {
        let bytes: Vec<u8> =
            values[n * stride..(n + 1) * stride].iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        Picture { rgba: rgba(&bytes), ..picture.clone() }
    };
    let n = originals.len();
    let triples = originals.iter().enumerate().map(|(i, p)| [p.clone(), view(p, i), view(p, n + i)]).collect();
    Ok(Event::Views(triples))
}

/// An image of `dataset` to draw.
pub fn stored(dataset: &Dataset, index: usize) -> Picture {
    let example = &dataset.examples[index];
    Picture {
        index: index as u32,
        size: dataset.size as u32,
        rgba: rgba(dataset.image(index)),
        name: example.name.clone(),
        label: example.label,
        split: example.split,
    }
}

/// Planar RGB to interleaved RGBA.
pub fn rgba(planar: &[u8]) -> Vec<u8> {
    let plane = planar.len() / 3;
    (0..plane).flat_map(|i| [planar[i], planar[plane + i], planar[2 * plane + i], 255]).collect()
}
