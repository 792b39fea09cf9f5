//! Files that lie about what they hold: no reader takes more memory for them than a bound by their size, whatever they
//! claim, and what is good beside them is read.
#![cfg(feature = "worker")]
#![allow(unsafe_code, reason = "an allocator that counts: the trait is unsafe")]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage};
use simclr_lab::worker::import::decode::read_image;
use simclr_lab::worker::import::importer::{ImageImporter, ImportStep};
use simclr_lab::worker::{import::Bytes, open_weights, run_archive::unpack};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes in use, and the most since [`peak`] began. Where memory is moved to grow, both places count, as in wasm.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does all the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

/// Checks the most bytes that `work` takes at a time.
fn within(bound: usize, what: &str, work: impl FnOnce()) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    work();
    let peak = PEAK.load(Relaxed).saturating_sub(before);
    assert!(peak <= bound, "{what}: {} MiB, more than {} MiB", peak / MIB, bound / MIB);
}

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn picture(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]))
}

/// A PNG whose colour profile inflates to `bytes` zeros.
fn png_with_profile(bytes: usize) -> Vec<u8> {
    let zip = packed(&[("z", &vec![0; bytes])]);
    let length = u32::from_le_bytes(zip[18..22].try_into().unwrap()) as usize;
    let adler = (bytes % 65_521) as u32 * 65_536 + 1;
    let body = [b"iCCPx\0\0\x78\x9c", &zip[31..31 + length], &adler.to_be_bytes()].concat();
    let crc = !body.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    let png = encoded(&picture(16), ImageFormat::Png);
    // Behind the signature and the header.
    let (start, rest) = png.split_at(33);
    [start, &(body.len() as u32 - 4).to_be_bytes(), &body, &crc.to_be_bytes(), rest].concat()
}

/// A WebP of 16 × 16 pixels, and behind the picture a chunk that claims so many bytes.
fn webp_with_chunk(kind: &[u8; 4], claimed: u32) -> Vec<u8> {
    let mut simple = Vec::new();
    WebPEncoder::new_lossless(&mut simple).write_image(&picture(16), 16, 16, ExtendedColorType::Rgb8).unwrap();
    let canvas = b"VP8X\x0a\0\0\0\x08\0\0\0\x0f\0\0\x0f\0\0";
    let body = [b"WEBP", &canvas[..], &simple[12..], kind, &claimed.to_le_bytes()].concat();
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

#[test]
fn no_file_takes_more_memory_than_its_size_allows() {
    pictures();
    imports();
    weights();
    runs();
}

fn pictures() {
    let mut lossy_vast = webp_with_chunk(b"junk", 0);
    let at = lossy_vast.windows(4).position(|w| w == b"VP8L").unwrap();
    lossy_vast.truncate(at);
    lossy_vast.extend(b"VP8 \x0c\0\0\0\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f\0\0");
    let gif = b"GIF89a\x10\0\x10\0\0\0\0,\0\0\0\0\xff\x3f\xff\x3f\x80\0\0\0\xff\xff\xff\x02\x02\x44\x01\0;".to_vec();
    let cases: [(&str, u32, Vec<u8>, bool); 8] = [
        ("an honest png", 1200, encoded(&picture(1200), ImageFormat::Png), true),
        ("an honest jpeg", 1200, encoded(&picture(1200), ImageFormat::Jpeg), true),
        ("an honest webp", 1200, encoded(&picture(1200), ImageFormat::WebP), true),
        ("EXIF of 4 GB", 16, webp_with_chunk(b"EXIF", 0xffff_fff0), false),
        ("XMP of 1 GB", 16, webp_with_chunk(b"XMP ", 1 << 30), false),
        ("a frame of 16 383", 16, lossy_vast, false),
        ("a frame of a GIF", 16, gif, false),
        ("a profile of 256 MiB", 16, png_with_profile(256 * MIB), true),
    ];
    for (what, side, bytes, is_read) in cases {
        let pixels = (side * side) as usize;
        let file = Bytes::file("x", bytes);
        within(64 * MIB + 4 * pixels, what, || assert_eq!(read_image(&file, 32).is_ok(), is_read, "{what}"));
    }
}

/// Four images beside which `others` lie, and how many images of the archive are read.
fn imports() {
    let images: Vec<(String, Vec<u8>)> = (0..4u8)
        .map(|i| {
            let image = RgbImage::from_pixel(16, 16, Rgb([40 * i, 9, 7]));
            (format!("set/{}/{i}.png", i % 2), encoded(&image, ImageFormat::Png))
        })
        .collect();
    let with = |others: &[(&str, &[u8])]| {
        let good = images.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        packed(&good.chain(others.iter().copied()).collect::<Vec<_>>())
    };
    let rows = b"a,b\n".repeat(4 << 20);
    let names: Vec<String> = (0..2_000).map(|i| format!("t{i}/labels.csv")).collect();
    let tables: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"a.png,b\n"[..])).collect();
    let eight: Vec<(&str, &[u8])> = tables[..8].iter().map(|(name, _)| (*name, &rows[..rows.len() - 4])).collect();
    // The directory's claim to have packed the entry less well.
    let mut liar = with(&[("set/z.bmp", &vec![0; 64 * MIB])]);
    let last = liar.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    liar[last + 20..last + 24].copy_from_slice(&(32 * MIB as u32).to_le_bytes());
    let cases: [(&str, Vec<u8>); 9] = [
        ("bad pictures", with(&[("set/w.webp", &webp_with_chunk(b"EXIF", 0xffff_fff0))])),
        ("a profile", with(&[("set/p.png", &png_with_profile(256 * MIB)[..200])])),
        ("a bitmap of nothing", with(&[("set/z.bmp", &vec![0; 64 * MIB])])),
        ("one that lies", liar),
        ("eight tables of 16 MiB", with(&eight)),
        ("a table of 1 MiB", with(&[("other/labels.csv", &rows[..MIB])])),
        ("a table of line ends", with(&[("other/labels.csv", &b"a\n".repeat(MIB / 2))])),
        ("two thousand tables", with(&tables)),
        ("names of classes", with(&[("data_batch_1.bin", &[0; 3073]), ("batches.meta.txt", &b"a\n".repeat(7 * MIB))])),
    ];
    for (what, bytes) in cases {
        let bound = 64 * MIB + 50 * bytes.len();
        let file = Bytes::file("a.zip", bytes);
        within(bound, what, || {
            let mut importer = ImageImporter::new(&[file], &[], 32);
            while importer.step().unwrap() != ImportStep::Done {}
            let import = importer.finish().unwrap();
            assert!(import.items.len() >= images.len(), "{what}: {:?}", import.left_out.first());
        });
    }
    // An end that claims more entries than bytes: 2³² + 1, which 32 bits would make one.
    let plain = with(&[]);
    let end = plain.windows(4).rposition(|w| w == b"PK\x05\x06").unwrap();
    let place = |at: usize| u64::from(u32::from_le_bytes(plain[end + at..end + at + 4].try_into().unwrap()));
    for count in [(1u64 << 32) + 1, plain.len() as u64] {
        let mut bytes = plain[..end].to_vec();
        bytes.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
        [count, count, place(12), place(16)].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend((end as u64).to_le_bytes());
        bytes.extend(b"\x01\0\0\0PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
        let file = Bytes::file("a.zip", bytes);
        within(64 * MIB, "entries that are not there", || {
            let mut importer = ImageImporter::new(&[file], &[], 32);
            while importer.step().unwrap() != ImportStep::Done {}
            assert!(importer.finish().is_err());
        });
    }
}

fn weights() {
    let dict = b"\x80\x02ccollections\nOrderedDict\nq\x00";
    let mut copies = [&dict[..], b"]q\x01(](K\x01K\x02eq\x02"].concat();
    copies.extend(b"h\x02".repeat(MIB));
    copies.push(b'e');
    copies.extend([&b"h\x00h\x01\x85R".repeat(2_000)[..], b"."].concat());
    let nothings = [b"\x80\x02(", &b"N".repeat(4 * MIB - 8)[..], b"t."].concat();
    // One tensor and one name of 60 KB for many entries.
    let mut entries =
        [&dict[..], b")RX\x60\xea\0\0", &b"n".repeat(60_000), b"q\x01ctorch._utils\n_rebuild_tensor_v2\n"].concat();
    entries
        .extend(b"((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\x00(K\x01t(K\x01ttR");
    entries.extend(b"q\x02s(");
    entries.extend([&b"h\x01h\x02".repeat(90_000)[..], b"u."].concat());
    for (what, pickle) in [("copies", copies), ("nothings", nothings), ("entries", entries)] {
        let bytes = packed(&[("net/data.pkl", &pickle)]);
        drop(pickle);
        within(64 * MIB + 50 * bytes.len(), what, || assert!(open_weights::open(&bytes).is_err(), "{what}"));
    }
}

fn runs() {
    let mut record = serde_json::from_slice::<serde_json::Value>(&run_json()).unwrap();
    let mut with = |key: &str, value: serde_json::Value| {
        let before = record.get(key).cloned();
        record[key] = value;
        let json = record.to_string().into_bytes();
        match before {
            Some(before) => record[key] = before,
            None => drop(record.as_object_mut().unwrap().remove(key)),
        }
        json
    };
    let rows = |row: &str, count: usize| {
        let text = format!("[{}{row}]", format!("{row},").repeat(count));
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let evaluation = serde_json::from_slice::<serde_json::Value>(&run_json()).unwrap()["evaluation"].take();
    let ragged = |row: &str, count: usize| {
        let mut evaluation = evaluation.clone();
        evaluation["trained"]["test"]["confusion"] = rows(row, count);
        evaluation
    };
    let cases = [
        ("a record of 200 MiB", [&run_json()[..], &vec![b' '; 200 * MIB]].concat()),
        ("a name of 32 MiB", with("name", "A".repeat(32 * MIB).into())),
        ("a name of 1 MiB", with("name", "A".repeat(MIB).into())),
        ("a matrix of empty rows", with("evaluation", ragged("[]", 600_000))),
        ("a matrix of one cell", with("evaluation", ragged("[1]", 400_000))),
    ];
    for (what, json) in cases {
        let bytes = packed(&[("run.json", &json), ("curve.bin", &[0, 0])]);
        drop(json);
        let bound = 64 * MIB + 50 * bytes.len();
        let file = Bytes::file("a.zip", bytes);
        within(bound, what, || assert!(unpack(file).is_err(), "{what}"));
    }
    let unknown = packed(&[("run.json", &with("x", rows("0", 900_000))), ("curve.bin", &[0, 0])]);
    within(64 * MIB + 50 * unknown.len(), "a field of a newer program", || drop(unpack(Bytes::file("a.zip", unknown))));
}

/// The record of a released program's archive.
fn run_json() -> Vec<u8> {
    let archive = include_bytes!("stored/0.1-e900a95/archive.zip");
    let mut zip = zip::ZipArchive::new(Cursor::new(&archive[..])).unwrap();
    let mut json = Vec::new();
    std::io::copy(&mut zip.by_name("run.json").unwrap(), &mut json).unwrap();
    json
}
