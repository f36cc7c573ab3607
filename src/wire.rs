//! The form of values as bytes, for guests that are no Rust or no part of the process: `docs/guest-abi.md` has it in words.

use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::time::{LocalTime, Span};

/// What has a form as bytes.
pub trait Wire: Sized {
    /// Adds the bytes at the end.
    fn put(&self, to: &mut Vec<u8>);

    /// Takes the bytes from the beginning; none if they end early or are no such value.
    fn get(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty)+) => {$(
        impl Wire for $number {
            #[inline]
            fn put(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn get(from: &mut &[u8]) -> Option<$number> {
                let (number, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(<$number>::from_le_bytes(*number))
            }
        }
    )+};
}

numbers! { u8 u32 u64 }

/// A row for each type that is another one inside: how it is told, and how it is made again.
macro_rules! like {
    ($($type:ty as $inner:ty: |$value:ident| $put:expr, |$read:ident| $get:expr;)+) => {$(
        impl Wire for $type {
            #[inline]
            fn put(&self, to: &mut Vec<u8>) {
                let $value = self;
                let inner: $inner = $put;
                inner.put(to);
            }

            #[inline]
            fn get(from: &mut &[u8]) -> Option<$type> {
                let $read = <$inner>::get(from)?;
                $get
            }
        }
    )+};
}

like! {
    bool as u8: |it| u8::from(*it), |byte| match byte { 0 => Some(false), 1 => Some(true), _ => None };
    Term as u64: |it| it.0, |term| Some(Term(term));
    Index as u64: |it| it.0, |index| Some(Index(index));
    WriteId as u64: |it| it.0, |write| Some(WriteId(write));
    LocalTime as u64: |it| it.0, |time| Some(LocalTime(time));
    Span as u64: |it| it.0, |span| Some(Span(span));
    NodeId as u32: |it| u32::from(it.number()), |number| node(number)?;
    Option<NodeId> as u32: |it| it.map_or(0, |node| u32::from(node.number())), |number| node(number);
    NodeSet as u32: |it| it.bits(), |bits| NodeSet::from_bits(bits);
}

/// A node by its number, nobody for zero; none for what cannot be one. Whether it is one of the cluster is for the host to say.
fn node(number: u32) -> Option<Option<NodeId>> {
    let number = u8::try_from(number).ok()?;
    Some((number > 0).then(|| NodeId::new(number)))
}

/// A row for each type that is made of others, in this order.
macro_rules! wire {
    ($($type:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Wire for $type {
            #[inline]
            fn put(&self, to: &mut Vec<u8>) {
                $(self.$field.put(to);)+
            }

            #[inline]
            fn get(from: &mut &[u8]) -> Option<$type> {
                $(let $field = Wire::get(from)?;)+
                Some($type { $($field),+ })
            }
        }
    )+};
}
pub(crate) use wire;

/// Whether there is one, and if so which: an index may be zero.
impl Wire for Option<Index> {
    fn put(&self, to: &mut Vec<u8>) {
        put_maybe(self.as_ref(), to);
    }

    fn get(from: &mut &[u8]) -> Option<Option<Index>> {
        get_maybe(from)
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, to: &mut Vec<u8>) {
        put_all(self, to);
    }

    fn get(from: &mut &[u8]) -> Option<Vec<T>> {
        let count = u32::get(from)?;
        // A count may lie: there is room only for what is there.
        let mut all = Vec::with_capacity((count as usize).min(from.len()));
        for _ in 0..count {
            all.push(T::get(from)?);
        }
        Some(all)
    }
}

/// How many, and each.
pub fn put_all<T: Wire>(all: &[T], to: &mut Vec<u8>) {
    (all.len() as u32).put(to);
    all.iter().for_each(|it| it.put(to));
}

/// Whether there is one, and if so the value: where zero cannot say that there is none.
pub fn put_maybe<T: Wire>(value: Option<&T>, to: &mut Vec<u8>) {
    value.is_some().put(to);
    if let Some(value) = value {
        value.put(to);
    }
}

/// What [`put_maybe`] gives.
pub fn get_maybe<T: Wire>(from: &mut &[u8]) -> Option<Option<T>> {
    if bool::get(from)? { T::get(from).map(Some) } else { Some(None) }
}

/// A length, and as many bytes.
pub fn put_bytes(bytes: &[u8], to: &mut Vec<u8>) {
    (bytes.len() as u32).put(to);
    to.extend_from_slice(bytes);
}

/// What [`put_bytes`] gives.
pub fn get_bytes<'b>(from: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = u32::get(from)?;
    from.split_off(..len as usize)
}
