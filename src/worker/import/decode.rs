//! One image file to the pixels that training sees. Decoded whole, shrunk at
//! once, and the full-size pixels dropped.

use super::jpeg;
use super::shrink::shrink;
use super::sniff::{HEAD, image_format};
use crate::core::error::FileFault;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::ops::Range;

/// Most pixels of an image that is decoded: the largest cameras have about 100 million.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Most bytes that decoding one image may take, of the 4 GiB that a browser
/// gives a worker at the very most.
pub const MAX_DECODED: u64 = 640 << 20;
/// Most bytes of an image file.
pub const MAX_FILE: u64 = 256 << 20;

/// Decodes an image file to planar RGB, [3, S, S].
///
/// The format is found by content. The first frame of an animation; EXIF
/// orientation applied; transparent pixels over white; grey, 16-bit and CMYK
/// converted.
///
/// # Errors
/// [`FileFault`]: what is wrong with the file.
pub fn decode(bytes: &[u8], size: usize) -> Result<Vec<u8>, FileFault> {
    let format = image_format(&bytes[..bytes.len().min(HEAD)])?;
    let walk = if format == ImageFormat::Jpeg { jpeg::walk(bytes) } else { jpeg::Walk::default() };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Sizes are checked below, where the fault can name them.
    reader.no_limits();
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
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED);
    decoder.set_limits(limits).map_err(fault)?;
    // An orientation that can't be read is none.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let square = shrink(width, height, size, |y, columns, out| read_row(&image, y, columns, out));
    Ok(turn(&square, size, orientation))
}

/// Whether memory for so many bytes can be had. Asked first, because a decoder
/// that gets none ends the whole worker; small images are not worth asking.
fn has_room(bytes: u64) -> bool {
    bytes < 16 << 20 || Vec::<u8>::new().try_reserve_exact(bytes as usize).is_ok()
}

fn fault(error: ImageError) -> FileFault {
    let detail = match &error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => "the file ends early".to_owned(),
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
        // Kinds that the decoders in use don't give.
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

/// Turns a square as EXIF wants it to be seen.
fn turn(square: &[u8], size: usize, orientation: Orientation) -> Vec<u8> {
    let last = size - 1;
    // Where the pixel that is shown at (x, y) comes from.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::import::samples;
    use image::{ExtendedColorType, GrayImage, ImageBuffer, Luma, LumaA, RgbImage, Rgba, RgbaImage};

    const FORMATS: [ImageFormat; 5] =
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];

    /// Mean of each channel.
    fn means(square: &[u8]) -> [u8; 3] {
        let plane = square.len() / 3;
        [0, 1, 2].map(|c| (square[c * plane..][..plane].iter().map(|&v| usize::from(v)).sum::<usize>() / plane) as u8)
    }

    fn near(got: [u8; 3], want: [u8; 3]) {
        assert!(got.iter().zip(want).all(|(&g, w)| g.abs_diff(w) <= 3), "{got:?} instead of {want:?}");
    }

    #[test]
    fn every_format_is_read_by_its_content() {
        for format in FORMATS {
            let image = RgbImage::from_pixel(40, 30, image::Rgb([200, 100, 50]));
            let square = decode(&samples::encode(&image.into(), format), 16).unwrap();
            assert_eq!(square.len(), 3 * 16 * 16);
            near(means(&square), [200, 100, 50]);
        }
    }

    #[test]
    fn transparent_pixels_are_over_white_and_grey_and_16_bit_are_converted() {
        let png = |image: DynamicImage| means(&decode(&samples::encode(&image, ImageFormat::Png), 16).unwrap());
        near(png(RgbaImage::from_pixel(20, 20, Rgba([255, 0, 0, 0])).into()), [255, 255, 255]);
        near(png(RgbaImage::from_pixel(20, 20, Rgba([255, 0, 0, 128])).into()), [255, 127, 127]);
        near(png(ImageBuffer::from_pixel(20, 20, LumaA([0u8, 128])).into()), [127, 127, 127]);
        near(png(GrayImage::from_pixel(20, 20, Luma([77])).into()), [77, 77, 77]);
        near(png(ImageBuffer::from_pixel(20, 20, Luma([200u16 * 257])).into()), [200, 200, 200]);
        near(png(ImageBuffer::from_pixel(20, 20, image::Rgb([9u16 * 257, 200 * 257, 0])).into()), [9, 200, 0]);
        near(png(ImageBuffer::from_pixel(20, 20, Rgba([0u16, 0, 65535, 32768])).into()), [127, 127, 255]);
    }

    #[test]
    fn cmyk_jpeg_is_converted() {
        // Adobe's files hold the inverse: 255 is no ink.
        near(means(&decode(&samples::cmyk_jpeg([255, 255, 255, 255]), 16).unwrap()), [255, 255, 255]);
        near(means(&decode(&samples::cmyk_jpeg([255, 0, 0, 255]), 16).unwrap()), [255, 0, 0]);
        near(means(&decode(&samples::cmyk_jpeg([0, 255, 255, 128]), 16).unwrap()), [0, 128, 128]);
    }

    #[test]
    fn the_first_frame_of_an_animation_is_taken() {
        let frames = [[250, 0, 0], [0, 250, 0], [0, 0, 250]];
        near(means(&decode(&samples::animated_gif(&frames), 16).unwrap()), [250, 0, 0]);
    }

    #[test]
    fn exif_orientation_is_applied() {
        // Red above blue as seen; stored as each orientation wants it.
        let seen = samples::red_over_blue(24, 24);
        let top_left_red = |square: &[u8]| (square[0] > 200, square[15] > 200, square[15 * 16] > 200);
        for (exif, orientation) in (1..=8).map(|n| (n, Orientation::from_exif(n).unwrap())) {
            let mut stored = DynamicImage::from(samples::corner(24));
            stored.apply_orientation(inverse(orientation));
            let square = decode(&samples::jpeg_with_orientation(&stored.to_rgb8(), exif), 16).unwrap();
            assert_eq!(top_left_red(&square), (true, false, false), "orientation {exif}");
        }
        let square = decode(&samples::jpeg_with_orientation(&seen, 6), 16).unwrap();
        assert!(square[15] > 200 && square[0] < 60, "turned clockwise, the top is at the right");
    }

    fn inverse(orientation: Orientation) -> Orientation {
        match orientation {
            Orientation::Rotate90 => Orientation::Rotate270,
            Orientation::Rotate270 => Orientation::Rotate90,
            other => other,
        }
    }

    #[test]
    fn a_huge_image_is_named_and_not_decoded() {
        let fault = Err(FileFault::TooLarge { width: 20_000, height: 20_000 });
        assert_eq!(decode(&samples::png_header(20_000, 20_000), 32), fault);
        assert_eq!(decode(&samples::jpeg_sized(20_000, 20_000), 32), fault);
        assert_eq!(decode(&samples::bmp_header(20_000, 20_000), 32), fault);
        // A 65 535 × 65 535 screen whose frame is one pixel.
        let mut gif = samples::animated_gif(&[[1, 2, 3]]);
        gif[6..10].copy_from_slice(&[0xff; 4]);
        assert_eq!(decode(&gif, 32), Err(FileFault::TooLarge { width: 65_535, height: 65_535 }));
    }

    #[test]
    fn what_is_no_image_is_named() {
        let not = |name: Option<&str>| Err(FileFault::NotAnImage { looks_like: name.map(str::to_owned) });
        assert_eq!(decode(b"", 16), Err(FileFault::Empty));
        assert_eq!(decode(b"hello", 16), not(Some("text")));
        assert_eq!(decode(&[1, 2, 3], 16), not(None));
        assert_eq!(decode(b"\0\0\0\x14ftypheic\0\0\0\0mif1", 16), Err(FileFault::Heic));
        assert_eq!(decode(b"\0\0\0\x14ftypavif\0\0\0\0mif1", 16), Err(FileFault::Avif));
    }

    #[test]
    fn a_variant_that_the_decoder_does_not_know_is_neither_damaged_nor_unreadable() {
        let mut bytes = samples::encode(&samples::noise(8, 8).into(), ImageFormat::Bmp);
        // Packed as a JPEG inside the bitmap, as some printers write it.
        bytes[30] = 4;
        assert!(matches!(decode(&bytes, 16), Err(FileFault::Unsupported { .. })), "{:?}", decode(&bytes, 16));
    }

    #[test]
    fn a_cut_file_is_damaged_or_still_whole_never_something_else() {
        for format in FORMATS {
            let whole = samples::encode(&samples::noise(13, 9).into(), format);
            let square = decode(&whole, 16).unwrap();
            let mut damaged = 0;
            for end in 1..whole.len() {
                match decode(&whole[..end], 16) {
                    Ok(cut) => assert!(cut == square, "{format:?} cut at {end} of {} gave other pixels", whole.len()),
                    Err(_) => damaged += 1,
                }
            }
            assert!(damaged >= (whole.len() - 1) * 3 / 5, "{format:?}: {damaged} of {}", whole.len());
        }
    }

    #[test]
    fn broken_bytes_never_panic() {
        let mut rng = crate::core::rng::Rng::new(9);
        for format in FORMATS {
            let whole = samples::encode(&samples::noise(13, 9).into(), format);
            for _ in 0..400 {
                let mut broken = whole.clone();
                for _ in 0..1 + rng.below(4) {
                    let at = rng.below(broken.len());
                    broken[at] = rng.next_u64() as u8;
                }
                let _ = decode(&broken, 16);
            }
            for _ in 0..100 {
                let mut random: Vec<u8> = (0..rng.below(600)).map(|_| rng.next_u64() as u8).collect();
                let n = random.len().min(16);
                random[..n].copy_from_slice(&whole[..n]);
                let _ = decode(&random, 16);
            }
        }
    }

    #[test]
    fn extreme_shapes_are_read() {
        for (width, height) in [(1, 1), (1, 300), (300, 1), (2, 3)] {
            let image = RgbImage::from_pixel(width, height, image::Rgb([10, 20, 30]));
            let bytes = samples::encode_raw(image.as_raw(), width, height, ExtendedColorType::Rgb8);
            near(means(&decode(&bytes, 16).unwrap()), [10, 20, 30]);
        }
    }
}
