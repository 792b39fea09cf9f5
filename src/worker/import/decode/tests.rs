use super::*;
use crate::core::dataset::hash;
use crate::worker::import::{Bytes, samples};
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

/// The decoders are pinned: another version that decodes other pixels fails here. Runs know their images by the files.
#[test]
fn decoded_pixels_are_those_of_before() {
    let files: [(&str, &[u8], u64); 5] = [
        ("4:2:0 jpeg", include_bytes!("../../../../tests/golden/images/waves.jpg"), 0xfe16_0e00_7e13_af7e),
        ("png", include_bytes!("../../../../tests/golden/images/waves.png"), 0xb50b_cf6b_1cf7_60ac),
        ("lossy webp", include_bytes!("../../../../tests/golden/images/waves.webp"), 0x5550_80f1_b9ae_e502),
        ("gif", include_bytes!("../../../../tests/golden/images/waves.gif"), 0x38f0_10c9_a2fa_9190),
        ("bmp", include_bytes!("../../../../tests/golden/images/waves.bmp"), 0x73f5_bfa2_91a1_4e49),
    ];
    let pixels = |bytes: &[u8]| hash(image::load_from_memory(bytes).unwrap().to_rgb8().as_raw());
    let found = files.map(|(name, bytes, _)| (name, pixels(bytes)));
    assert_eq!(found, files.map(|(name, _, expected)| (name, expected)));
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

#[test]
fn an_image_is_read_as_an_import_reads_it() {
    let image = RgbImage::from_fn(40, 30, |x, y| image::Rgb([5 * x as u8, 8 * y as u8, 90]));
    let bytes = samples::encode(&image.into(), ImageFormat::Png);
    assert_eq!(read_image(&Bytes::file("a.png", bytes.clone()), 16), decode(&bytes, 16));
}

#[test]
fn what_cannot_be_read_is_told_with_its_cause() {
    let fault = |bytes: &[u8]| read_image(&Bytes::file("x", bytes.to_vec()), 16).unwrap_err();
    assert_eq!(fault(b""), FileFault::Empty);
    assert_eq!(fault(b"hello"), FileFault::NotAnImage { looks_like: Some("text".into()) });
    assert!(matches!(fault(b"\x89PNG\r\n\x1a\n and no more"), FileFault::Damaged { .. }));
    // Longer than the program reads; only its first bytes may be asked for.
    let long = |head: &'static [u8]| {
        let file = samples::made_file("long", MAX_FILE + 1, move |start, end| {
            assert_eq!((start, end), (0, HEAD as u64), "the head alone");
            Ok(head.to_vec())
        });
        read_image(&file, 16).unwrap_err()
    };
    assert_eq!(long(b"\xff\xd8\xff\xe0"), FileFault::TooManyBytes { bytes: MAX_FILE + 1 });
    assert_eq!(long(b"%PDF"), FileFault::NotAnImage { looks_like: Some("PDF document".into()) });
}

fn fit_by(width: usize, height: usize, size: usize, pixel: impl Fn(usize, usize) -> [f32; 3]) -> Vec<u8> {
    fit_to_square(width, height, size, |y, columns, out| {
        assert_eq!(columns.len(), out.len());
        columns.zip(out).for_each(|(x, out)| *out = pixel(x, y));
    })
}

#[test]
fn equal_size_changes_nothing() {
    let pixels: Vec<u8> = (0..3 * 16 * 16).map(|i| (i * 31 % 256) as u8).collect();
    let plane = 256;
    let same = fit_by(16, 16, 16, |x, y| [0, 1, 2].map(|c| f32::from(pixels[c * plane + y * 16 + x])));
    assert_eq!(same, pixels);
    assert_eq!(fit_planar(&pixels, 16, 16, 16), pixels);
}

#[test]
fn a_flat_colour_stays_at_every_size() {
    for (width, height) in [(1, 1), (3, 7), (16, 5), (100, 40), (333, 1000), (1, 500)] {
        for size in [16, 33] {
            let out = fit_by(width, height, size, |_, _| [10.0, 127.0, 255.0]);
            let want: Vec<u8> = [10, 127, 255].into_iter().flat_map(|v| vec![v; size * size]).collect();
            assert!(out == want, "{width}×{height} to {size}");
        }
    }
}

#[test]
fn the_middle_is_kept_and_stays_in_place() {
    // 48×16: thirds in three colours; only the middle one is left, save a bleed of the filter's half width at
    // the edges.
    let out = fit_by(48, 16, 8, |x, _| if x / 16 == 1 { [0.0, 200.0, 0.0] } else { [200.0, 0.0, 0.0] });
    assert!(out[64..128].chunks(8).all(|row| row[1..7].iter().all(|&v| v == 200)), "{out:?}");
    // A ramp stays a ramp: value at target centre = value at source centre.
    let out = fit_by(64, 64, 16, |x, y| [x as f32 + 0.5, y as f32 + 0.5, 0.0]);
    for i in 1..15 {
        let want = (4 * i + 2) as u8;
        assert!(out[8 * 16 + i].abs_diff(want) <= 1 && out[256 + i * 16 + 8].abs_diff(want) <= 1);
    }
}

#[test]
fn shrinking_averages_instead_of_picking() {
    let out = fit_by(160, 160, 16, |x, y| [if (x + y) % 2 == 0 { 0.0 } else { 255.0 }; 3]);
    assert!(out.iter().all(|v| (126..=129).contains(v)), "{out:?}");
}

#[test]
fn enlarging_is_bilinear() {
    let out = fit_by(2, 2, 4, |x, _| [x as f32 * 100.0; 3]);
    assert_eq!(out[..4], [0, 25, 75, 100]);
}

#[test]
fn every_cut_is_seen_and_what_follows_the_end_is_not_asked() {
    let whole = samples::jpeg(20, 12);
    let found = walk_jpeg(&whole);
    assert_eq!(found, JpegWalk { complete: true, progressive: false, components: 3 });
    for end in 0..whole.len() {
        assert!(!walk_jpeg(&whole[..end]).complete, "cut at {end}");
    }
    assert!(walk_jpeg(&[whole.as_slice(), b"\0\0appended\xff"].concat()).complete);
}

#[test]
fn an_end_inside_a_segment_is_not_the_end() {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9];
    assert!(!walk_jpeg(&bytes).complete);
    bytes.extend([0xff, 0xc2, 0, 8, 8, 0, 1, 0, 1, 4, 0xff, 0xff, 0xd9]);
    assert_eq!(walk_jpeg(&bytes), JpegWalk { complete: true, progressive: true, components: 4 });
}

/// A chunk of a WebP file that may claim another length.
fn chunk(kind: &[u8; 4], body: &[u8], claimed: Option<u32>) -> Vec<u8> {
    let pad = vec![0; body.len() % 2];
    [kind.as_slice(), &claimed.unwrap_or(body.len() as u32).to_le_bytes(), body, &pad].concat()
}

/// Chunks behind one that claims a canvas of `side` × `side`.
fn webp_on_canvas(flags: u8, side: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let less_one = (side - 1).to_le_bytes();
    let canvas = [&[flags, 0, 0, 0], &less_one[..3], &less_one[..3]].concat();
    let body = [b"WEBP".to_vec(), chunk(b"VP8X", &canvas, None), chunks.concat()].concat();
    chunk(b"RIFF", &body, None)
}

#[test]
fn what_a_webp_claims_is_held_against_the_file() {
    const EXIF: u8 = 0x08;
    let damaged = |bytes: &[u8]| assert!(matches!(decode(bytes, 16), Err(FileFault::Damaged { .. })));
    // The picture of a file of one chunk: behind "RIFF", a length, and "WEBP".
    let picture = |side| samples::encode(&samples::noise(side, side).into(), ImageFormat::WebP)[12..].to_vec();
    let whole = webp_on_canvas(EXIF, 16, &[picture(16), chunk(b"EXIF", b"II*\0", None)]);
    assert_eq!(decode(&whole, 16).unwrap().len(), 768);
    let appended = [&whole[..], b"junkhere", &[0xff; 8]].concat();
    assert!(decode(&appended, 16).is_ok(), "some programs append bytes of their own");
    for kind in [b"EXIF", b"XMP ", b"ICCP", b"ALPH"] {
        damaged(&webp_on_canvas(EXIF, 16, &[picture(16), chunk(kind, b"", Some(0xffff_fff0))]));
    }
    damaged(&webp_on_canvas(0, 16, &[picture(40)]));
    // The header of a lossy picture of 16 383 × 16 383, alone and as a frame.
    let vast = chunk(b"VP8 ", &[0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0], None);
    damaged(&webp_on_canvas(0, 16, std::slice::from_ref(&vast)));
    let frame = |side: u8, picture: &[u8]| {
        let at = [0, 0, 0, 0, 0, 0, side - 1, 0, 0, side - 1, 0, 0, 9, 0, 0, 0];
        [chunk(b"ANIM", &[0; 6], None), chunk(b"ANMF", &[&at, picture].concat(), None)]
    };
    assert!(decode(&webp_on_canvas(2, 16, &frame(16, &picture(16))), 16).is_ok());
    damaged(&webp_on_canvas(2, 16, &frame(16, &vast)));
    damaged(&webp_on_canvas(2, 16, &frame(17, &picture(17))));
}

#[test]
fn a_frame_larger_than_its_screen_takes_no_more_than_the_screen_may() {
    let mut gif = samples::animated_gif(&[[1, 2, 3]]);
    let frame = gif.windows(5).position(|w| w == [b',', 0, 0, 0, 0]).unwrap();
    gif[frame + 5..frame + 9].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    assert!(matches!(decode(&gif, 16), Err(FileFault::Damaged { .. })), "{:?}", decode(&gif, 16));
}
