//! Images for a person to look at: the few pixels that leave the device.

use crate::core::config::AugmentConfig;
use crate::core::dataset::Dataset;
use crate::core::error::Fault;
use crate::core::report::Picture;
use crate::learn::augment;
use crate::learn::features::read;
use crate::learn::trainer::view_pair;
use crate::protocol::Event;
use crate::worker::mailbox::post;
use crate::worker::session::{self, with};

/// Answers with the images as they are stored; unknown indices are left out.
pub fn pictures(id: u32, indices: &[u32]) -> Result<(), Fault> {
    let pictures = with(|s| {
        let dataset = s.library.dataset().ok_or(Fault::NoDataset)?;
        Ok::<_, Fault>(known(dataset, indices).map(|i| stored(dataset, i)).collect())
    })?;
    post(Some(id), Event::Pictures(pictures));
    Ok(())
}

/// Answers with each image beside its two views, made by the function that
/// training calls, on the device in use.
pub async fn preview(id: u32, indices: &[u32], config: &AugmentConfig, seed: u64, epoch: u32) -> Result<(), Fault> {
    let store = session::store().await?;
    let originals: Vec<Picture> = with(|s| {
        let dataset = s.library.dataset().ok_or(Fault::NoDataset)?;
        Ok::<_, Fault>(known(dataset, indices).map(|i| stored(dataset, i)).collect())
    })?;
    if originals.is_empty() {
        post(Some(id), Event::Views(Vec::new()));
        return Ok(());
    }
    let size = store.size();
    let indices: Vec<u32> = originals.iter().map(|p| p.index).collect();
    let params: Vec<_> = indices.iter().map(|&i| view_pair(config, size, seed, epoch, i)).collect();
    let views = augment::views(&store, &indices, &params);
    let values = read(views).await?;
    let stride = 3 * size * size;
    let view = |picture: &Picture, n: usize| {
        let bytes: Vec<u8> =
            values[n * stride..(n + 1) * stride].iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        Picture { rgba: rgba(&bytes), ..picture.clone() }
    };
    let n = originals.len();
    let triples = originals.iter().enumerate().map(|(i, p)| [p.clone(), view(p, i), view(p, n + i)]).collect();
    post(Some(id), Event::Views(triples));
    Ok(())
}

fn known<'a>(dataset: &Dataset, indices: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
    let images = dataset.examples.len();
    indices.iter().map(|&i| i as usize).filter(move |&i| i < images)
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
