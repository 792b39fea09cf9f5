//! The images on the device: bytes, not floats, and batches made from them there.

use crate::core::dataset::Dataset;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// Bytes in one word of the store.
const PACKED: usize = 4;
/// Most bytes of a chunk, also where the device takes more: while it is packed
/// and handed over, it lies in memory twice.
const MAX_CHUNK: usize = 128 << 20;

/// A data set's pixels as bytes on a device.
///
/// WGSL has no 8-bit integers, so four bytes share an `i32`: byte k of word w of an image is its pixel `k * words + w`.
/// With this order the four bytes of a word unpack to four contiguous quarters of the image, of which the last is cut
/// where the side is odd. The images lie in chunks because WebGPU limits what one binding may address.
#[derive(Clone, Debug)]
pub struct ByteStore {
    /// Each [images in the chunk, words].
    chunks: Vec<Tensor<2, Int>>,
    images_per_chunk: usize,
    images: usize,
    size: usize,
    /// [1, 4, 1]: how far to shift for each byte.
    shifts: Tensor<3, Int>,
    device: Device,
    /// The same images at twice the side, where the set has them.
    detail: Option<Box<ByteStore>>,
}

impl ByteStore {
    /// Copies a data set's pixels, at every size that it has, to `device`, no chunk over `max_chunk_bytes`
    /// or 128 MiB (but at least one image a chunk).
    ///
    /// Give the device without autodiff: nothing here is differentiated.
    pub fn new(dataset: &Dataset, device: &Device, max_chunk_bytes: usize) -> Self {
        let Dataset { size, pixels, detail, .. } = dataset;
        let detail = (!detail.is_empty()).then(|| Box::new(Self::of(detail, 2 * size, device, max_chunk_bytes)));
        Self { detail, ..Self::of(pixels, *size, device, max_chunk_bytes) }
    }

    /// `pixels` [N, 3, S, S] of side `size`.
    fn of(pixels: &[u8], size: usize, device: &Device, max_chunk_bytes: usize) -> Self {
        let stride = 3 * size * size;
        assert!(stride > 0, "images without pixels");
        let images_per_chunk = (max_chunk_bytes.min(MAX_CHUNK) / stride).max(1);
        let words = stride.div_ceil(PACKED);
        let chunks = pixels
            .chunks(images_per_chunk * stride)
            .map(|bytes| {
                let images = bytes.len() / stride;
                // At once: a vector that grows by doubling takes half as much again.
                let mut data = Vec::with_capacity(images * words);
                bytes.chunks_exact(stride).for_each(|image| data.extend(pack(image)));
                int_tensor(data, [images, words], device)
            })
            .collect();
        Self {
            chunks,
            images_per_chunk,
            images: pixels.len() / stride,
            size,
            shifts: int_tensor(vec![0, 8, 16, 24], [1, PACKED, 1], device),
            device: device.clone(),
            detail: None,
        }
    }

    /// The images that crops are cut from: those of twice the side, if they are wanted and there.
    pub fn source(&self, detail: bool) -> &Self {
        self.detail.as_deref().filter(|_| detail).unwrap_or(self)
    }

    /// Images stored.
    pub fn len(&self) -> usize {
        self.images
    }

    pub fn is_empty(&self) -> bool {
        self.images == 0
    }

    /// Side of the square images in pixels.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Bytes that the pixels take on the device.
    pub fn bytes(&self) -> usize {
        self.images * 3 * self.size * self.size
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The named images, in the order named: [indices, 3, S, S] in [0, 1].
    ///
    /// # Panics
    /// If `indices` is empty, or there is no image of an index.
    pub fn gather(&self, indices: &[u32]) -> Tensor<4> {
        let words = self.select(indices);
        let ([n, length], s) = (words.dims(), self.size);
        // A word whose highest byte is over 127 is negative; the mask drops the
        // copies of its sign that an arithmetic shift lets in.
        let bytes = words
            .unsqueeze_dim::<3>(1)
            .bitwise_right_shift(self.shifts.clone())
            .bitwise_and_scalar(0xff)
            .float()
            .reshape([n, PACKED * length]);
        let stride = 3 * s * s;
        let pixels = if PACKED * length == stride { bytes } else { bytes.slice([0..n, 0..stride]) };
        pixels.reshape([n, 3, s, s]).div_scalar(255.0)
    }

    /// Packed words of the named images: [indices, words].
    fn select(&self, indices: &[u32]) -> Tensor<2, Int> {
        assert!(!indices.is_empty(), "a batch of no images");
        if let Some(bad) = indices.iter().find(|&&i| i as usize >= self.images) {
            panic!("no image {bad} among {}", self.images);
        }
        let per = self.images_per_chunk;
        let mut parts = Vec::new();
        let mut order: Vec<usize> = Vec::with_capacity(indices.len());
        for (c, chunk) in self.chunks.iter().enumerate() {
            let here: Vec<usize> = (0..indices.len()).filter(|&p| indices[p] as usize / per == c).collect();
            if here.is_empty() {
                continue;
            }
            let rows: Vec<i32> = here.iter().map(|&p| (indices[p] as usize % per) as i32).collect();
            parts.push(chunk.clone().select(0, int_tensor(rows, [here.len()], &self.device)));
            order.extend(here);
        }
        if parts.len() == 1 {
            return parts.remove(0);
        }
        // Row r of the parts belongs at position order[r].
        let mut rows = vec![0; order.len()];
        order.iter().enumerate().for_each(|(r, &p)| rows[p] = r as i32);
        let n = rows.len();
        Tensor::cat(parts, 0).select(0, int_tensor(rows, [n], &self.device))
    }
}

/// Four bytes a word, as [`ByteStore`] describes.
fn pack(image: &[u8]) -> impl Iterator<Item = i32> {
    let words = image.len().div_ceil(PACKED);
    let byte = move |at: usize| image.get(at).copied().unwrap_or(0);
    (0..words).map(move |w| i32::from_le_bytes([0, 1, 2, 3].map(|k| byte(k * words + w))))
}

fn int_tensor<const D: usize>(values: Vec<i32>, shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(values, shape), (device, DType::I32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::Rng;

    fn dataset(images: usize, size: usize) -> Dataset {
        let mut rng = Rng::new(11);
        let pixels = (0..images * 3 * size * size).map(|_| rng.below(256) as u8).collect();
        Dataset { size, pixels, ..Dataset::default() }
    }

    fn check(size: usize, max_chunk_bytes: usize, indices: &[u32]) {
        let set = dataset(7, size);
        let store = ByteStore::new(&set, &Device::flex(), max_chunk_bytes);
        assert_eq!((store.len(), store.bytes()), (7, set.pixels.len()));
        let got: Vec<f32> = store.gather(indices).into_data().try_to_vec().unwrap();
        let want: Vec<f32> =
            indices.iter().flat_map(|&i| set.image(i as usize)).map(|&b| f32::from(b) / 255.0).collect();
        assert_eq!(got.len(), want.len());
        assert!(got.iter().zip(&want).all(|(a, b)| a == b), "bytes come back as they went in");
    }

    #[test]
    fn a_batch_from_one_chunk_is_exact() {
        check(16, usize::MAX, &[3, 0, 6, 3]);
    }

    /// Inception's own side, 299, is odd.
    #[test]
    fn an_image_of_an_odd_side_is_exact() {
        check(15, usize::MAX, &[3, 0, 6, 3]);
    }

    #[test]
    fn a_batch_across_chunks_keeps_its_order() {
        check(16, 2 * 768, &[6, 1, 0, 5, 3, 3, 2]);
        check(16, 1, &[6, 0]);
    }

    #[test]
    fn a_large_set_lies_in_several_chunks_also_where_the_device_takes_more() {
        // 130 MiB of pixels, each image of its own value.
        let (size, images) = (96, 4_931);
        let stride = 3 * size * size;
        let mut set = Dataset { size, pixels: vec![0; images * stride], ..Dataset::default() };
        let value = |image: usize| (image % 251) as u8;
        set.pixels.chunks_exact_mut(stride).enumerate().for_each(|(i, image)| image.fill(value(i)));
        let store = ByteStore::new(&set, &Device::flex(), usize::MAX);
        assert_eq!((store.chunks.len(), store.len(), store.bytes()), (2, images, images * stride));
        let indices = [0, 4_853, 4_854, 4_930, 1];
        let got: Vec<f32> = store.gather(&indices).into_data().try_to_vec().unwrap();
        for (image, index) in got.chunks_exact(stride).zip(indices) {
            assert!(image.iter().all(|v| *v == f32::from(value(index as usize)) / 255.0), "{index}");
        }
    }

    #[test]
    #[should_panic(expected = "no image 7 among 7")]
    fn an_index_of_no_image_is_named() {
        check(16, 2 * 768, &[7]);
    }
}
