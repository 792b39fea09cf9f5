//! Arrays in numpy's format, version 1.0 (numpy.lib.format): magic, version, length of
//! the header (u16), the header, a Python dictionary padded so that the data begin at
//! a multiple of 64 bytes, then the data, little-endian, in C order.

/// `values` [rows, columns], a row after the other.
///
/// # Panics
/// If the number of values is not rows · columns.
pub fn f32_matrix(values: &[f32], rows: usize, columns: usize) -> Vec<u8> {
    assert_eq!(values.len(), rows * columns, "{rows} rows of {columns}");
    let mut out = start("<f4", &format!("({rows}, {columns})"), 4 * values.len());
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    out
}

/// `values` [N]; labels, with −1 for none.
pub fn i64_vector(values: &[i64]) -> Vec<u8> {
    let mut out = start("<i8", &format!("({},)", values.len()), 8 * values.len());
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    out
}

/// `values` [N]; classes.
pub fn u16_vector(values: &[u16]) -> Vec<u8> {
    let mut out = start("<u2", &format!("({},)", values.len()), 2 * values.len());
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    out
}

/// All before the data, with room for `bytes` of them.
fn start(descr: &str, shape: &str, bytes: usize) -> Vec<u8> {
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
            f32_matrix(&[1.0, 2.5, -3.0, 0.0, f32::INFINITY, 1e-7], 2, 3),
            numpys(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                b"\x00\x00\x80?\x00\x00 @\x00\x00@\xc0\x00\x00\x00\x00\x00\x00\x80\x7f\x95\xbf\xd63"
            )
        );
        assert_eq!(
            i64_vector(&[3, -1]),
            numpys(
                "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }",
                b"\x03\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
            )
        );
        assert_eq!(
            u16_vector(&[1, 65535, 0]),
            numpys("{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }", b"\x01\x00\xff\xff\x00\x00")
        );
        assert_eq!(
            f32_matrix(&[], 0, 128),
            numpys("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 128), }", b"")
        );
    }

    #[test]
    fn data_begin_at_a_multiple_of_64() {
        for digits in 1..60 {
            let out = start("<f4", &format!("({}, 1)", "9".repeat(digits)), 0);
            assert_eq!(out.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([out[8], out[9]])) + 10, out.len());
            assert!(out.ends_with(b"\n"));
        }
    }

    #[test]
    #[should_panic(expected = "2 rows of 3")]
    fn a_shape_must_fit() {
        let _ = f32_matrix(&[1.0], 2, 3);
    }
}
