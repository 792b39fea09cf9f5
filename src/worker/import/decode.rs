//! One image file to the pixels that training sees. It is decoded whole and shrunk at once; the full-size
//! pixels are dropped.

mod webp;

use super::File;
use super::file_kind::{HEAD, image_format};
use crate::core::error::FileFault;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::ops::Range;

/// Most pixels of an image that is decoded: the largest cameras have about 100 million.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Most bytes that decoding one image may take. A browser gives a worker at most 4 GiB.
pub const MAX_DECODED: u64 = 640 << 20;
/// Most bytes that a decoder may take beside the pixels: for what a file says of itself, or a frame larger than its screen.
const MAX_BESIDE: u64 = 32 << 20;
/// Most bytes of an image file.
pub const MAX_FILE: u64 = 256 << 20;

/// Decodes an image file to planar RGB, [3, S, S].
///
/// The content tells the format. Of an animation the first frame is taken, EXIF orientation is applied,
/// transparent pixels are put on white, and grey, 16-bit and CMYK are converted.
///
/// # Errors
/// [`FileFault`]: what is wrong with the file.
pub fn decode(bytes: &[u8], size: usize) -> Result<Vec<u8>, FileFault> {
    decode_detailed(bytes, size, false).map(|(pixels, _)| pixels)
}

/// The same, and of an image that is larger, where `detail` is asked for, [3, 2S, 2S], too.
///
/// # Errors
/// As [`decode`].
pub fn decode_detailed(bytes: &[u8], size: usize, detail: bool) -> Result<(Vec<u8>, Option<Vec<u8>>), FileFault> {
    let format = image_format(&bytes[..bytes.len().min(HEAD)])?;
    let walk = if format == ImageFormat::Jpeg { walk_jpeg(bytes) } else { JpegWalk::default() };
    if format == ImageFormat::WebP {
        webp::check(bytes).map_err(|detail| FileFault::Damaged { detail })?;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Of the sides none: the checks below can name them in the fault.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_BESIDE);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(FileFault::Damaged { detail: format!("{width} × {height} pixels") });
    }
    let pixels = u64::from(width) * u64::from(height);
    let coefficients = if walk.progressive { pixels * 2 * u64::from(walk.components) } else { 0 };
    let needed = decoder.total_bytes().saturating_add(coefficients);
    if pixels > MAX_PIXELS || needed > MAX_DECODED || !has_room(needed) {
        return Err(FileFault::TooLarge { width, height });
    }
    if format == ImageFormat::Jpeg && !walk.complete {
        return Err(FileFault::Damaged { detail: "the file ends early".to_owned() });
    }
    limits.max_alloc = Some(needed + MAX_BESIDE);
    decoder.set_limits(limits).map_err(fault)?;
    // An orientation that can't be read is ignored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let at = |size| {
        let square = fit_to_square(width, height, size, |y, columns, out| read_row(&image, y, columns, out));
        turn(&square, size, orientation)
    };
    Ok((at(size), (detail && width.min(height) > size).then(|| at(2 * size))))
}

/// Whether this many bytes of memory can be allocated. Without this check a decoder that gets no memory would
/// end the whole worker. Small images need no check.
fn has_room(bytes: u64) -> bool {
    bytes < 16 << 20 || Vec::<u8>::new().try_reserve_exact(bytes as usize).is_ok()
}

fn fault(error: ImageError) -> FileFault {
    let detail = match &error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => "the file ends early".to_owned(),
        ImageError::Limits(_) => "it claims more than an image of its size holds".to_owned(),
        _ => error.to_string(),
    };
    match error {
        ImageError::Unsupported(_) => FileFault::Unsupported { detail },
        _ => FileFault::Damaged { detail },
    }
}

/// Pixels of a row as RGB from 0 to 255, over white.
fn read_row(image: &DynamicImage, y: usize, columns: Range<usize>, out: &mut [[f32; 3]]) {
    let row = (y * image.width() as usize, columns, out);
    // 65535 / 257 = 255
    let wide = |v: u16| f32::from(v) / 257.0;
    let real = |v: f32| (v * 255.0).clamp(0.0, 255.0);
    match image {
        DynamicImage::ImageLuma8(i) => fill::<_, 1>(i.as_raw(), row, f32::from),
        DynamicImage::ImageLumaA8(i) => fill::<_, 2>(i.as_raw(), row, f32::from),
        DynamicImage::ImageRgb8(i) => fill::<_, 3>(i.as_raw(), row, f32::from),
        DynamicImage::ImageRgba8(i) => fill::<_, 4>(i.as_raw(), row, f32::from),
        DynamicImage::ImageLuma16(i) => fill::<_, 1>(i.as_raw(), row, wide),
        DynamicImage::ImageLumaA16(i) => fill::<_, 2>(i.as_raw(), row, wide),
        DynamicImage::ImageRgb16(i) => fill::<_, 3>(i.as_raw(), row, wide),
        DynamicImage::ImageRgba16(i) => fill::<_, 4>(i.as_raw(), row, wide),
        DynamicImage::ImageRgb32F(i) => fill::<_, 3>(i.as_raw(), row, real),
        DynamicImage::ImageRgba32F(i) => fill::<_, 4>(i.as_raw(), row, real),
        // The decoders in use never give other kinds.
        other => {
            use image::GenericImageView;
            for (x, out) in row.1.zip(row.2) {
                fill::<_, 4>(&other.get_pixel(x as u32, y as u32).0, (0, 0..1, std::slice::from_mut(out)), f32::from);
            }
        }
    }
}

/// Reads `N` interleaved channels: grey, grey and alpha, RGB, or RGBA.
fn fill<T: Copy, const N: usize>(
    raw: &[T],
    (start, columns, out): (usize, Range<usize>, &mut [[f32; 3]]),
    value: impl Fn(T) -> f32,
) {
    let pixels = &raw[(start + columns.start) * N..(start + columns.end) * N];
    for (pixel, out) in pixels.chunks_exact(N).zip(out) {
        let rgb = if N < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[N.min(2) - 1], pixel[N.min(3) - 1]] };
        *out = rgb.map(&value);
        if N.is_multiple_of(2) {
            let alpha = value(pixel[N - 1]) / 255.0;
            *out = out.map(|v| v * alpha + 255.0 * (1.0 - alpha));
        }
    }
}

/// Turns a square by its EXIF orientation.
fn turn(square: &[u8], size: usize, orientation: Orientation) -> Vec<u8> {
    let last = size - 1;
    // The source of the pixel that is shown at (x, y).
    let from = |x: usize, y: usize| match orientation {
        Orientation::NoTransforms => (x, y),
        Orientation::FlipHorizontal => (last - x, y),
        Orientation::FlipVertical => (x, last - y),
        Orientation::Rotate180 => (last - x, last - y),
        Orientation::Rotate90 => (y, last - x),
        Orientation::Rotate270 => (last - y, x),
        Orientation::Rotate90FlipH => (y, x),
        Orientation::Rotate270FlipH => (last - y, last - x),
    };
    if orientation == Orientation::NoTransforms {
        return square.to_vec();
    }
    let mut out = Vec::with_capacity(square.len());
    for plane in square.chunks_exact(size * size) {
        for y in 0..size {
            out.extend((0..size).map(|x| from(x, y)).map(|(x, y)| plane[y * size + x]));
        }
    }
    out
}

/// The image of `file` as planar RGB, [3, S, S].
///
/// # Errors
/// [`FileFault`]: what is wrong with the file. Of a file that is no image only the first bytes are read.
pub fn read_image(file: &File, size: usize) -> Result<Vec<u8>, FileFault> {
    let bytes = |end| file.read(0, end).map_err(|detail| FileFault::Unreadable { detail });
    image_format(&bytes(file.len().min(HEAD as u64))?)?;
    if file.len() > MAX_FILE {
        return Err(FileFault::TooManyBytes { bytes: file.len() });
    }
    decode(&bytes(file.len())?, size)
}

/// The source pixels of one target pixel: the first position and the weights from there.
struct Taps {
    from: usize,
    weights: Vec<f32>,
}

/// Taps for each of `size` target pixels over the middle `short` of `length` source pixels.
fn taps(length: usize, short: usize, size: usize) -> Vec<Taps> {
    let scale = short as f64 / size as f64;
    let radius = scale.max(1.0);
    let offset = (length - short) as f64 / 2.0;
    let of = |target: usize| {
        let centre = offset + (target as f64 + 0.5) * scale;
        let from = (centre - radius).floor().max(0.0) as usize;
        let to = ((centre + radius).ceil() as usize).min(length);
        let weight = |place: usize| (1.0 - ((place as f64 + 0.5 - centre) / radius).abs()).max(0.0);
        let sum: f64 = (from..to).map(weight).sum();
        Taps { from, weights: (from..to).map(|place| (weight(place) / sum) as f32).collect() }
    };
    (0..size).map(of).collect()
}

fn span(taps: &[Taps]) -> Range<usize> {
    let end = |t: &Taps| t.from + t.weights.len();
    taps.first().map_or(0, |t| t.from)..taps.last().map_or(0, end)
}

/// Shrinks or enlarges an image of `width` × `height`, both at least 1, to planar RGB, [3, S, S]: the shorter
/// side becomes the training size, the middle of the longer one is kept.
///
/// When it shrinks, the filter is a triangle as wide as two source pixels a target pixel, so that every source pixel
/// counts (what Pillow and torchvision call antialiased bilinear). When it enlarges, it is plain bilinear. At equal
/// size the pixels stay as they are. Values are averaged as stored (sRGB), as is common in training pipelines.
///
/// `read(y, columns, out)` fills `out` with the pixels of a row (0 to 255), one for each of `columns`. It is
/// called once a row, in order, and only for rows with a weight.
pub fn fit_to_square(
    width: usize,
    height: usize,
    size: usize,
    mut read: impl FnMut(usize, Range<usize>, &mut [[f32; 3]]),
) -> Vec<u8> {
    let short = width.min(height);
    let across = taps(width, short, size);
    let down = taps(height, short, size);
    let columns = span(&across);
    let mut row = vec![[0.0; 3]; columns.len()];
    let mut narrow = vec![[0.0; 3]; size];
    let mut sums = vec![[0.0f32; 3]; size * size];
    // Target rows before this one are complete.
    let mut first = 0;
    for y in span(&down) {
        read(y, columns.clone(), &mut row);
        for (target, taps) in narrow.iter_mut().zip(&across) {
            *target = [0.0; 3];
            for (pixel, weight) in row[taps.from - columns.start..].iter().zip(&taps.weights) {
                for channel in 0..3 {
                    target[channel] += pixel[channel] * weight;
                }
            }
        }
        while first < size && down[first].from + down[first].weights.len() <= y {
            first += 1;
        }
        for (target, taps) in down.iter().enumerate().skip(first).take_while(|(_, taps)| taps.from <= y) {
            let weight = taps.weights[y - taps.from];
            for (sum, pixel) in sums[target * size..][..size].iter_mut().zip(&narrow) {
                for channel in 0..3 {
                    sum[channel] += pixel[channel] * weight;
                }
            }
        }
    }
    let byte = |value: f32| (value + 0.5).clamp(0.0, 255.0) as u8;
    (0..3).flat_map(|channel| sums.iter().map(move |sum| byte(sum[channel]))).collect()
}

/// [`fit_to_square`] from planar RGB bytes, [3, H, W].
pub fn fit_planar(pixels: &[u8], width: usize, height: usize, size: usize) -> Vec<u8> {
    if width == size && height == size {
        return pixels.to_vec();
    }
    let plane = width * height;
    fit_to_square(width, height, size, |y, columns, out| {
        for (x, pixel) in columns.zip(out) {
            *pixel = [0, 1, 2].map(|channel| f32::from(pixels[channel * plane + y * width + x]));
        }
    })
}

/// What a walk over the segments of a JPEG file found (ITU-T T.81, annex B).
///
/// The decoder fills what is missing with grey and reports nothing, so a file cut off in download would pass
/// for a whole one. The walk looks for the end of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct JpegWalk {
    /// The end-of-image marker follows the last scan.
    complete: bool,
    /// Decoding holds all coefficients at once, two bytes each.
    progressive: bool,
    /// 1 for grey, 3 for colour, 4 for CMYK.
    components: u8,
}

/// Walks from marker to marker. Thumbnails inside segments are skipped.
fn walk_jpeg(bytes: &[u8]) -> JpegWalk {
    let mut found = JpegWalk::default();
    let mut at = 2;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            0xd9 => {
                found.complete = true;
                return found;
            }
            // Stand alone: TEM, restart, start of image.
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let Some(length) = bytes.get(at..at + 2).map(|b| usize::from(b[0]) << 8 | usize::from(b[1])) else { break };
        let frame = matches!(marker, 0xc0..=0xcf) && ![0xc4, 0xc8, 0xcc].contains(&marker);
        if frame {
            found.progressive = marker & 3 == 2;
            found.components = bytes.get(at + 7).copied().unwrap_or_default();
        } else if marker == 0xda {
            // A scan of some components waits for those of the others.
            found.progressive |= bytes.get(at + 2).is_some_and(|&scanned| scanned < found.components);
        }
        at += length.max(2);
    }
    found
}

/// The code of the next marker at or after `at`; `at` is then behind the marker. Coded data, where 0 follows
/// 0xFF, is skipped.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let rest = bytes.get(*at..)?;
        *at += rest.iter().position(|&b| b == 0xff)? + 1;
        // Any number of 0xFF may come before a marker.
        while bytes.get(*at) == Some(&0xff) {
            *at += 1;
        }
        let code = *bytes.get(*at)?;
        *at += 1;
        if code != 0 {
            return Some(code);
        }
    }
}

#[cfg(test)]
mod tests;
