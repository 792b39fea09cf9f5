//! Python's pickle, as far as a PyTorch state dict needs it (CPython's `Lib/pickletools.py` describes the
//! format). A pickle is a program for a stack machine and can call any function by name. Here nothing is ever
//! called: the few allowed names become nodes of a tree, and any other name or instruction ends the reading.

use super::WeightsFault;
use std::collections::HashMap;

/// Position of a node in [`Pickle::nodes`].
pub type Id = usize;

/// A value. It refers to its parts by position, so that a value that is used twice, or within itself, is one node.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// One of [`ALLOWED`].
    Global(&'static str),
    /// An object that is stored beside the pickle, by the node that names it.
    Persistent(Id),
    /// A call of an allowed function, which is not carried out.
    Call {
        function: &'static str,
        arguments: Vec<Id>,
    },
}

/// A pickle that was read to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Pickle {
    pub nodes: Vec<Node>,
    pub root: Id,
    /// Its length in bytes; others may follow.
    pub length: usize,
}

impl Pickle {
    pub fn root(&self) -> &Node {
        &self.nodes[self.root]
    }

    /// The text of a node, if it is a text.
    pub fn text(&self, id: Id) -> Option<&str> {
        match &self.nodes[id] {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }
}

pub const ORDERED_DICT: &str = "collections.OrderedDict";

/// Most instructions of a pickle, and values that its calls copy: a state dict has some twenty a tensor. A value that is
/// used again costs two bytes, so the length of a pickle does not bound what it makes.
const MOST_PARTS: usize = 400_000;
/// Most bytes of a name that a fault shows.
const MOST_SHOWN: usize = 100;

/// Every name that a pickle may use.
pub const ALLOWED: [&str; 14] = [
    ORDERED_DICT,
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.FloatStorage",
    "torch.HalfStorage",
    "torch.BFloat16Storage",
    "torch.DoubleStorage",
    "torch.LongStorage",
    "torch.IntStorage",
    "torch.ShortStorage",
    "torch.CharStorage",
    "torch.ByteStorage",
    "torch.BoolStorage",
];

/// Instructions that a state dict does not use, by code, with their names for the message.
pub(super) const REFUSED: [(u8, &str); 33] = [
    (b'0', "POP"),
    (b'1', "POP_MARK"),
    (b'2', "DUP"),
    (b'B', "BINBYTES"),
    (b'C', "SHORT_BINBYTES"),
    (b'F', "FLOAT"),
    (b'I', "INT"),
    (b'L', "LONG"),
    (b'P', "PERSID"),
    (b'S', "STRING"),
    (b'V', "UNICODE"),
    (b'd', "DICT"),
    (b'g', "GET"),
    (b'i', "INST"),
    (b'l', "LIST"),
    (b'o', "OBJ"),
    (b'p', "PUT"),
    (0x81, "NEWOBJ"),
    (0x82, "EXT1"),
    (0x83, "EXT2"),
    (0x84, "EXT4"),
    (0x8b, "LONG4"),
    (0x8c, "SHORT_BINUNICODE"),
    (0x8d, "BINUNICODE8"),
    (0x8e, "BINBYTES8"),
    (0x8f, "EMPTY_SET"),
    (0x90, "ADDITEMS"),
    (0x91, "FROZENSET"),
    (0x92, "NEWOBJ_EX"),
    (0x93, "STACK_GLOBAL"),
    (0x94, "MEMOIZE"),
    (0x95, "FRAME"),
    (0x96, "BYTEARRAY8"),
];

/// Reads the pickle at the beginning of `bytes`.
///
/// # Errors
/// [`WeightsFault::Instruction`] and [`WeightsFault::Global`] for what is not allowed,
/// [`WeightsFault::Damaged`] where it ends early, makes no sense, or has more parts than a state dict.
pub fn read(bytes: &[u8]) -> Result<Pickle, WeightsFault> {
    let (nodes, stack, marks, memo) = Default::default();
    let mut machine = Machine { bytes, at: 0, parts: 0, nodes, stack, marks, memo };
    loop {
        machine.parts += 1;
        within(machine.parts)?;
        if let Some(root) = machine.step()? {
            return Ok(Pickle { nodes: machine.nodes, root, length: machine.at });
        }
    }
}

/// Whether a pickle may have so many parts.
fn within(parts: usize) -> Result<(), WeightsFault> {
    match parts > MOST_PARTS {
        true => Err(WeightsFault::Damaged { detail: "its pickle has more parts than a state dict".into() }),
        false => Ok(()),
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Against [`MOST_PARTS`].
    parts: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl Machine<'_> {
    /// One instruction; the result after the last.
    fn step(&mut self) -> Result<Option<Id>, WeightsFault> {
        let at = self.at;
        match self.number::<1>()? as u8 {
            // PROTO: higher versions use instructions that are refused when they come.
            0x80 => drop(self.number::<1>()?),
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'}' => self.push(Node::Dict(Vec::new())),
            b']' => self.push(Node::List(Vec::new())),
            b')' => self.push(Node::Tuple(Vec::new())),
            // BININT (signed), BININT1, BININT2, LONG1.
            b'J' => {
                let value = self.number::<4>()? as u32;
                self.push(Node::Int(i128::from(value as i32)));
            }
            b'K' => self.integer::<1>()?,
            b'M' => self.integer::<2>()?,
            0x8a => self.long()?,
            b'G' => {
                let bits = u64::from_be_bytes(self.array()?);
                self.push(Node::Float(f64::from_bits(bits)));
            }
            // BINUNICODE; BINSTRING and SHORT_BINSTRING are Python 2's.
            b'X' | b'T' => self.string::<4>()?,
            b'U' => self.string::<1>()?,
            // BINPUT, LONG_BINPUT, BINGET, LONG_BINGET.
            b'q' => self.put::<1>()?,
            b'r' => self.put::<4>()?,
            b'h' => self.get::<1>()?,
            b'j' => self.get::<4>()?,
            b'c' => self.global()?,
            b'Q' => {
                let name = self.pop()?;
                self.push(Node::Persistent(name));
            }
            b't' => {
                let items = self.pop_mark()?;
                self.push(Node::Tuple(items));
            }
            count @ 0x85..=0x87 => {
                let start = self.stack.len().checked_sub(usize::from(count - 0x84)).ok_or_else(|| self.senseless())?;
                let items = self.stack.split_off(start);
                self.push(Node::Tuple(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set(vec![key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set(items)?;
            }
            b'R' => self.reduce()?,
            // BUILD: attributes of an object; those of a state dict are not about weights.
            b'b' => drop(self.pop()?),
            other => {
                let known = REFUSED.iter().find(|(code, _)| *code == other);
                let name = known.map_or_else(|| format!("{other:#04x}"), |(_, name)| (*name).to_owned());
                return Err(WeightsFault::Instruction { name, at });
            }
        }
        Ok(None)
    }

    fn senseless(&self) -> WeightsFault {
        WeightsFault::Damaged { detail: format!("its pickle makes no sense at byte {}", self.at) }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], WeightsFault> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| WeightsFault::Damaged { detail: "its pickle ends early".into() })?;
        let start = std::mem::replace(&mut self.at, end);
        Ok(&self.bytes[start..end])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsFault> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// An unsigned number of `N` bytes, little-endian.
    fn number<const N: usize>(&mut self) -> Result<usize, WeightsFault> {
        let bytes = self.array::<N>()?;
        Ok(bytes.iter().rev().fold(0, |n, &b| n << 8 | usize::from(b)))
    }

    fn push(&mut self, node: Node) {
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
    }

    /// The top of the stack, above the last mark.
    fn pop(&mut self) -> Result<Id, WeightsFault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.senseless());
        }
        self.stack.pop().ok_or_else(|| self.senseless())
    }

    /// All above the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, WeightsFault> {
        let start = self.marks.pop().filter(|&start| start <= self.stack.len()).ok_or_else(|| self.senseless())?;
        Ok(self.stack.split_off(start))
    }

    fn integer<const N: usize>(&mut self) -> Result<(), WeightsFault> {
        let value = self.number::<N>()?;
        self.push(Node::Int(value as i128));
        Ok(())
    }

    /// A signed number; the first byte says how many bytes follow.
    fn long(&mut self) -> Result<(), WeightsFault> {
        let count = self.number::<1>()?;
        let bytes = self.take(count)?;
        let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
        if count > 16 {
            return Err(self.senseless());
        }
        let mut wide = if negative { [0xff; 16] } else { [0; 16] };
        wide[..count].copy_from_slice(bytes);
        self.push(Node::Int(i128::from_le_bytes(wide)));
        Ok(())
    }

    fn string<const N: usize>(&mut self) -> Result<(), WeightsFault> {
        let count = self.number::<N>()?;
        let text = String::from_utf8_lossy(self.take(count)?).into_owned();
        self.push(Node::Text(text));
        Ok(())
    }

    fn put<const N: usize>(&mut self) -> Result<(), WeightsFault> {
        let key = self.number::<N>()? as u32;
        let id = *self.stack.last().ok_or_else(|| self.senseless())?;
        self.memo.insert(key, id);
        Ok(())
    }

    fn get<const N: usize>(&mut self) -> Result<(), WeightsFault> {
        let key = self.number::<N>()? as u32;
        let id = *self.memo.get(&key).ok_or_else(|| self.senseless())?;
        self.stack.push(id);
        Ok(())
    }

    /// GLOBAL: module and name, a line each.
    fn global(&mut self) -> Result<(), WeightsFault> {
        let mut line = || -> Result<String, WeightsFault> {
            let length = self.bytes[self.at..].iter().position(|&b| b == b'\n');
            // Without an end of line this runs into the end of the bytes, which is an error.
            let length = length.unwrap_or(self.bytes.len() - self.at);
            let text = String::from_utf8_lossy(self.take(length)?).into_owned();
            self.take(1)?;
            Ok(text)
        };
        let name = format!("{}.{}", line()?, line()?);
        match ALLOWED.iter().find(|allowed| **allowed == name) {
            Some(allowed) => self.push(Node::Global(allowed)),
            None => return Err(WeightsFault::Global { name: name.chars().take(MOST_SHOWN).collect() }),
        }
        Ok(())
    }

    /// The top of the stack, to which a part is about to be added.
    fn top(&mut self) -> Result<&mut Node, WeightsFault> {
        let id = *self.stack.last().ok_or_else(|| self.senseless())?;
        Ok(&mut self.nodes[id])
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), WeightsFault> {
        match self.top()? {
            Node::List(list) => list.extend(items),
            _ => return Err(self.senseless()),
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<Id>) -> Result<(), WeightsFault> {
        let (pairs, rest) = items.as_chunks::<2>();
        match self.top()? {
            Node::Dict(dict) if rest.is_empty() => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            _ => return Err(self.senseless()),
        }
        Ok(())
    }

    /// REDUCE: a function and a tuple of arguments. Only an ordered dict is made; Python 2 gives its items as a
    /// list of pairs.
    fn reduce(&mut self) -> Result<(), WeightsFault> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Node::Global(function), Node::Tuple(arguments)) = (&self.nodes[function], &self.nodes[arguments]) else {
            return Err(self.senseless());
        };
        let within = |copied: usize| within(self.parts + copied);
        let mut copied = 0;
        let node = match (*function, &arguments[..]) {
            (ORDERED_DICT, []) => Node::Dict(Vec::new()),
            (ORDERED_DICT, &[items]) => {
                let Node::List(items) = &self.nodes[items] else { return Err(self.senseless()) };
                copied = items.len();
                within(copied)?;
                let pair = |&id: &Id| match &self.nodes[id] {
                    Node::List(pair) | Node::Tuple(pair) => {
                        pair.as_slice().try_into().ok().map(|[k, v]: [Id; 2]| (k, v))
                    }
                    _ => None,
                };
                Node::Dict(items.iter().map(pair).collect::<Option<_>>().ok_or_else(|| self.senseless())?)
            }
            (function, arguments) => {
                copied = arguments.len();
                within(copied)?;
                Node::Call { function, arguments: arguments.to_vec() }
            }
        };
        self.parts += copied;
        self.push(node);
        Ok(())
    }
}
