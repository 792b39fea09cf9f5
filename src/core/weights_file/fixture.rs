//! PyTorch's files as tests want them: a small writer of pickles.

/// A tensor, stored in order in a storage of its own.
pub struct Entry {
    pub name: String,
    /// `FloatStorage` and the like.
    pub storage: &'static str,
    pub shape: Vec<usize>,
    /// Numbers in the storage.
    pub count: usize,
    pub bytes: Vec<u8>,
}

impl Entry {
    pub fn floats(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { name: name.into(), storage: "FloatStorage", shape: shape.to_vec(), count: values.len(), bytes }
    }

    /// A counter of batches.
    pub fn counter(name: &str) -> Self {
        Self { name: name.into(), storage: "LongStorage", shape: Vec::new(), count: 1, bytes: vec![7; 8] }
    }
}

pub fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

pub fn int(out: &mut Vec<u8>, value: usize) {
    out.push(b'J');
    out.extend((value as i32).to_le_bytes());
}

fn sizes(out: &mut Vec<u8>, sizes: &[usize]) {
    out.push(b'(');
    sizes.iter().for_each(|&size| int(out, size));
    out.push(b't');
}

/// The pickle of a state dict; the storage of entry i has the key i. `behind` stands at the end of what names a
/// storage: nothing today, None in files before version 1.6.
pub fn state_dict(entries: &[Entry], behind: &[u8]) -> Vec<u8> {
    let mut out = b"\x80\x02ccollections\nOrderedDict\n)R(".to_vec();
    for (key, entry) in entries.iter().enumerate() {
        text(&mut out, &entry.name);
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut out, "storage");
        out.extend(format!("ctorch\n{}\n", entry.storage).as_bytes());
        text(&mut out, &key.to_string());
        text(&mut out, "cpu");
        int(&mut out, entry.count);
        out.extend(behind);
        out.extend(b"tQ");
        int(&mut out, 0);
        sizes(&mut out, &entry.shape);
        let strides: Vec<usize> = (0..entry.shape.len()).map(|d| entry.shape[d + 1..].iter().product()).collect();
        sizes(&mut out, &strides);
        out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    out.extend(b"u.");
    out
}

/// A whole file of the format before version 1.6.
pub fn old_file(entries: &[Entry]) -> Vec<u8> {
    let mut out = super::pytorch::OLD_MAGIC.to_vec();
    out.extend(b"\x80\x02M\xe9\x03.");
    out.extend(b"\x80\x02}(");
    text(&mut out, "protocol_version");
    out.extend(b"M\xe9\x03");
    text(&mut out, "little_endian");
    out.extend(b"\x88u.");
    out.extend(state_dict(entries, b"N"));
    // The storages in another order than the tensors, as PyTorch sorts their keys.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|key| key.to_string());
    out.extend(b"\x80\x02](");
    order.iter().for_each(|key| text(&mut out, &key.to_string()));
    out.extend(b"e.");
    for key in order {
        out.extend((entries[key].count as u64).to_le_bytes());
        out.extend(&entries[key].bytes);
    }
    out
}
