//! What a value adds to the digest of a run: its words, in one way for each type.

use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::time::{LocalTime, Time};

/// A value that is folded into a digest. Two that differ have different words.
pub trait Fold {
    /// Hands over the words of the value, in order.
    fn fold(&self, push: &mut impl FnMut(u64));
}

macro_rules! one_word {
    ($($type:ty: $value:ident => $word:expr;)+) => {
        $(impl Fold for $type {
            #[inline]
            fn fold(&self, push: &mut impl FnMut(u64)) {
                let $value = *self;
                push($word);
            }
        })+
    };
}

/// The parts of a value, in this order.
macro_rules! parts {
    ($($type:ty: $($part:ident)+;)+) => {
        $(impl Fold for $type {
            #[inline]
            fn fold(&self, push: &mut impl FnMut(u64)) {
                $(self.$part.fold(push);)+
            }
        })+
    };
}

pub(crate) use {one_word, parts};

one_word! {
    i32: value => u64::from(value.cast_unsigned());
    u8: value => value.into();
    u32: value => value.into();
    u64: value => value;
    bool: value => value.into();
    NodeId: value => value.number().into();
    NodeSet: value => value.bits().into();
    Term: value => value.0;
    Index: value => value.0;
    WriteId: value => value.0;
    Time: value => value.0;
    LocalTime: value => value.0;
}

/// Nothing is the word 0; a value comes behind the word 1.
impl<T: Fold> Fold for Option<T> {
    #[inline]
    fn fold(&self, push: &mut impl FnMut(u64)) {
        push(self.is_some().into());
        if let Some(value) = self {
            value.fold(push);
        }
    }
}
