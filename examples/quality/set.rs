//! A data set from zip archives of 32-pixel images.

use simclr_lab::core::dataset::{Dataset, Example, Split};
use std::io::{Cursor, Read};

pub const SIZE: usize = 32;

/// Adds an archive's images to `set`, all to one split. Classes are folders.
pub fn add(set: &mut Dataset, path: &str, split: Split) {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap_or_else(|e| panic!("{path}: {e}"));
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).expect("an entry");
        let name = entry.name().expect("a readable name").into_owned();
        let Some((class, _)) = name.rsplit_once('/').filter(|_| entry.is_file()) else { continue };
        let label = set.classes.iter().position(|c| c == class).unwrap_or_else(|| {
            set.classes.push(class.to_owned());
            set.classes.len() - 1
        });
        let mut file = Vec::new();
        entry.read_to_end(&mut file).expect("an entry's bytes");
        let image = image::load_from_memory(&file).unwrap_or_else(|e| panic!("{path}, {name}: {e}")).to_rgb8();
        assert_eq!(image.dimensions(), (SIZE as u32, SIZE as u32), "{path}, {name}");
        for channel in 0..3 {
            set.pixels.extend(image.pixels().map(|p| p.0[channel]));
        }
        set.examples.push(Example { label: Some(label as u16), split, name });
    }
}
