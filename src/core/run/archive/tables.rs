//! The archive's tables: CSV of curves and images, and numpy arrays.
//!
//! CSV is that of RFC 4180: a header line, commas, lines that end in CR LF, text in quotes where it needs them.
//! Numbers have a decimal point and as many digits as give the same f32 when they are read; NaN is empty.

use crate::core::dataset::{Example, Split};
use crate::core::run::Curve;

/// One line a step. `loss` is NT-Xent in nats, `std` the mean standard deviation over the dimensions of
/// normalised z; see [`StepReport`](crate::core::report::StepReport).
pub fn steps_csv(curve: &Curve) -> String {
    let mut out = line(["step", "epoch", "loss", "contrastive_accuracy", "std", "learning_rate", "milliseconds"]);
    for s in &curve.steps {
        let [loss, accuracy, std, rate, time] =
            [s.loss, s.contrastive_accuracy, s.std, s.learning_rate, s.milliseconds].map(number);
        out += &line([s.step.to_string(), s.epoch.to_string(), loss, accuracy, std, rate, time]);
    }
    out
}

/// One line an epoch from 0, before the first step: kNN accuracy on validation.
pub fn epochs_csv(curve: &Curve) -> String {
    let rows = curve.epochs.iter().map(|e| line([e.epoch.to_string(), number(e.knn)]));
    std::iter::once(line(["epoch", "knn"])).chain(rows).collect()
}

/// One line an image, in the order of the set and of the rows of an array of features. An image without a label
/// has an empty one.
pub fn images_csv(examples: &[Example], classes: &[String]) -> String {
    let mut out = line(["index", "name", "label", "class", "split"]);
    for (index, example) in examples.iter().enumerate() {
        let label = example.label.map_or_else(String::new, |label| label.to_string());
        let class = example.label.and_then(|label| classes.get(usize::from(label))).cloned().unwrap_or_default();
        let split = match example.split {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        };
        out += &line([index.to_string(), example.name.clone(), label, class, split.to_owned()]);
    }
    out
}

fn number(value: f32) -> String {
    if value.is_nan() { String::new() } else { value.to_string() }
}

fn line<const N: usize>(fields: [impl AsRef<str>; N]) -> String {
    fields.each_ref().map(|text| field(text.as_ref())).join(",") + "\r\n"
}

/// The text, in quotes if it holds a comma, a quote, a line break, or a space at an end that some programs would drop.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// An array of `values` [rows, columns], row-major, in numpy's format.
///
/// Version 1.0 of numpy.lib.format: magic, version, length of the header (u16), the header (a Python dictionary, padded
/// so that the data begin at a multiple of 64 bytes), then the data, little-endian, in C order.
///
/// # Panics
/// If the number of values is not rows · columns.
pub fn npy_f32_matrix(values: &[f32], rows: usize, columns: usize) -> Vec<u8> {
    assert_eq!(values.len(), rows * columns, "{rows} rows of {columns}");
    let mut out = npy_start("<f4", &format!("({rows}, {columns})"), 4 * values.len());
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    out
}

/// The bytes before the data, with room for `bytes` bytes of data.
fn npy_start(descr: &str, shape: &str, bytes: usize) -> Vec<u8> {
    const PREFIX: usize = 10;
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // A line feed ends the header.
    let length = (PREFIX + header.len() + 1).next_multiple_of(64) - PREFIX;
    let mut out = Vec::with_capacity(PREFIX + length + bytes);
    out.extend(b"\x93NUMPY\x01\x00");
    out.extend((length as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.resize(PREFIX + length - 1, b' ');
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::report::{EpochReport, StepReport};

    #[test]
    fn a_curve_as_two_tables() {
        let step = StepReport {
            step: 1,
            epoch: 1,
            loss: 5.541_264,
            contrastive_accuracy: 0.25,
            std: 0.088,
            learning_rate: 1e-7,
            milliseconds: 120.5,
        };
        let curve = Curve {
            steps: vec![step, StepReport { step: 2, loss: f32::NAN, ..step }],
            epochs: vec![EpochReport { epoch: 0, knn: 0.1 }, EpochReport { epoch: 1, knn: 0.3 }],
        };
        assert_eq!(
            steps_csv(&curve),
            "step,epoch,loss,contrastive_accuracy,std,learning_rate,milliseconds\r\n\
             1,1,5.541264,0.25,0.088,0.0000001,120.5\r\n\
             2,1,,0.25,0.088,0.0000001,120.5\r\n"
        );
        assert_eq!(epochs_csv(&curve), "epoch,knn\r\n0,0.1\r\n1,0.3\r\n");
        assert_eq!(epochs_csv(&Curve::default()), "epoch,knn\r\n");
        for value in [0.1_f32, f32::MIN_POSITIVE, 16_777_216.0, 1.0 / 3.0] {
            assert_eq!(number(value).parse(), Ok(value));
        }
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let example = |name: &str, label, split| Example { label, split, name: name.to_owned() };
        let examples = [
            example("a/plain name.png", Some(0), Split::Train),
            example("a, b \"c\"\nd.png", Some(1), Split::Test),
            example(" x", None, Split::Validation),
        ];
        let table = images_csv(&examples, &["rose".to_owned(), "lily, white".to_owned()]);
        assert_eq!(
            table,
            "index,name,label,class,split\r\n\
             0,a/plain name.png,0,rose,train\r\n\
             1,\"a, b \"\"c\"\"\nd.png\",1,\"lily, white\",test\r\n\
             2,\" x\",,,validation\r\n"
        );
    }

    /// What numpy 2.4 writes: 128 bytes of header here, then the data.
    fn numpys(header: &str, data: &[u8]) -> Vec<u8> {
        let mut out = b"\x93NUMPY\x01\x00v\x00".to_vec();
        out.extend(header.as_bytes());
        out.extend(vec![b' '; 127 - out.len()]);
        out.push(b'\n');
        out.extend(data);
        out
    }

    #[test]
    fn bytes_are_those_that_numpy_writes() {
        assert_eq!(
            npy_f32_matrix(&[1.0, 2.5, -3.0, 0.0, f32::INFINITY, 1e-7], 2, 3),
            numpys(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                b"\x00\x00\x80?\x00\x00 @\x00\x00@\xc0\x00\x00\x00\x00\x00\x00\x80\x7f\x95\xbf\xd63"
            )
        );
        assert_eq!(
            npy_f32_matrix(&[], 0, 128),
            numpys("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 128), }", b"")
        );
    }

    #[test]
    fn data_begin_at_a_multiple_of_64() {
        for digits in 1..60 {
            let out = npy_start("<f4", &format!("({}, 1)", "9".repeat(digits)), 0);
            assert_eq!(out.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([out[8], out[9]])) + 10, out.len());
            assert!(out.ends_with(b"\n"));
        }
    }

    #[test]
    #[should_panic(expected = "2 rows of 3")]
    fn a_shape_must_fit() {
        let _ = npy_f32_matrix(&[1.0], 2, 3);
    }
}
