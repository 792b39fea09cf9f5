//! Files for the tests, built in code.

use super::{File, FileSource};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use std::io::{Cursor, Write};
use std::rc::Rc;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let writable = if format == ImageFormat::Gif { DynamicImage::from(image.to_rgba8()) } else { image.clone() };
    writable.write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub fn encode_raw(raw: &[u8], width: u32, height: u32, kind: ExtendedColorType) -> Vec<u8> {
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(raw, width, height, kind).unwrap();
    out
}

pub fn noise(width: u32, height: u32) -> RgbImage {
    let mut rng = crate::core::rng::Rng::new(u64::from(width));
    RgbImage::from_fn(width, height, |_, _| Rgb([0; 3].map(|_: u8| rng.next_u64() as u8)))
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encode(&noise(width, height).into(), ImageFormat::Jpeg)
}

/// A PNG of 8 × 8 pixels of one colour.
pub fn png(colour: [u8; 3]) -> Vec<u8> {
    encode(&RgbImage::from_pixel(8, 8, Rgb(colour)).into(), ImageFormat::Png)
}

pub fn red_over_blue(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |_, y| if y < height / 2 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) })
}

/// Red in the upper left quarter, else blue.
pub fn corner(side: u32) -> RgbImage {
    let red = |x, y| x < side / 2 && y < side / 2;
    RgbImage::from_fn(side, side, |x, y| if red(x, y) { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) })
}

/// A JPEG with an EXIF segment that holds nothing but an orientation.
pub fn jpeg_with_orientation(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut out, 95);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.encode_image(image).unwrap();
    out
}

pub fn animated_gif(frames: &[[u8; 3]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new(&mut out);
    for &[r, g, b] in frames {
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(8, 8, Rgba([r, g, b, 255])))).unwrap();
    }
    drop(encoder);
    out
}

/// A JPEG of 8 × 8 pixels of one CMYK colour, as Adobe's programs write it: four components, APP14 with
/// transform 0. Huffman codes: a direct-current category is its own four-bit code, and one bit ends the block.
pub fn cmyk_jpeg(colour: [u8; 4]) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    let mut segment = |marker: u8, body: &[u8]| {
        out.extend([0xff, marker, 0, body.len() as u8 + 2]);
        out.extend(body);
    };
    segment(0xee, b"Adobe\0\x64\0\0\0\0\0");
    segment(0xdb, &[[0].as_slice(), &[1; 64]].concat());
    let components: Vec<u8> = (1..=4).flat_map(|id| [id, 0x11, 0]).collect();
    segment(0xc0, &[[8, 0, 8, 0, 8, 4].as_slice(), &components].concat());
    let counts = |at: usize, n: u8| (1..=16).map(|length| if length == at { n } else { 0 }).collect::<Vec<u8>>();
    let categories: Vec<u8> = (0..12).collect();
    segment(0xc4, &[[0x00].as_slice(), &counts(4, 12), &categories].concat());
    segment(0xc4, &[[0x10].as_slice(), &counts(1, 1), &[0]].concat());
    segment(0xda, &[4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]);
    let mut bits = String::new();
    for value in colour {
        // The mean of a block of one value v is 8 (v - 128).
        let coefficient = (i32::from(value) - 128) * 8;
        let category = 32 - coefficient.unsigned_abs().leading_zeros();
        let code = if coefficient < 0 { coefficient + (1 << category) - 1 } else { coefficient };
        bits += &format!("{category:04b}");
        bits += &(0..category).rev().map(|i| if code >> i & 1 == 1 { '1' } else { '0' }).collect::<String>();
        bits.push('0');
    }
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = byte.iter().fold(0, |b, bit| b << 1 | (bit - b'0'));
        out.push(byte);
        if byte == 0xff {
            out.push(0);
        }
    }
    out.extend([0xff, 0xd9]);
    out
}

/// A small JPEG whose header claims another size.
pub fn jpeg_sized(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(8, 8);
    let frame = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// A PNG whose header, with a right checksum, claims a size; little data follows.
pub fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png([1, 2, 3]);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

pub fn bmp_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encode(&noise(8, 8).into(), ImageFormat::Bmp);
    bytes[18..22].copy_from_slice(&width.to_le_bytes());
    bytes[22..26].copy_from_slice(&height.to_le_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc: u32, &b| (0..8).fold(crc ^ u32::from(b), step))
}

/// A zip of files, deflated.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_by(CompressionMethod::Deflated, files)
}

pub fn zip_by(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        writer.start_file(*path, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A file that gives what `read(start, end)` makes, of `len` bytes.
struct MadeFile<R> {
    path: &'static str,
    len: u64,
    read: R,
}

impl<R: Fn(u64, u64) -> Result<Vec<u8>, String>> FileSource for MadeFile<R> {
    fn path(&self) -> &str {
        self.path
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, String> {
        (self.read)(start, end)
    }
}

/// A file that a browser may hand over and memory does not hold: gone, or very long.
pub fn made_file(path: &'static str, len: u64, read: impl Fn(u64, u64) -> Result<Vec<u8>, String> + 'static) -> File {
    Rc::new(MadeFile { path, len, read })
}
