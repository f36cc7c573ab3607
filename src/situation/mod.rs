//! Named situations: what a run can get into. A green run says which of them it reached.
//!
//! The catalogue stands here, apart from the code that notices them, because plans name situations too: a
//! fault may wait for the n-th time that one occurs.

/// The catalogue: a variant, what it means, why it matters.
macro_rules! situations {
    ($($variant:ident: $means:literal $matters:literal;)+) => {
        /// A named situation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Situation {
            $(#[doc = $means] $variant,)+
        }

        impl Situation {
            /// All situations, in the order of the catalogue.
            pub const ALL: &'static [Situation] = &[$(Situation::$variant,)+];

            /// The name in plans and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Situation::$variant => crate::named::kebab!($variant),)+ }
            }

            /// What has happened when it is reached.
            pub const fn means(self) -> &'static str {
                match self { $(Situation::$variant => $means,)+ }
            }

            /// Why a run that reached it says more than one that did not.
            pub const fn matters(self) -> &'static str {
                match self { $(Situation::$variant => $matters,)+ }
            }
        }
    };
}

mod catalogue;
pub mod counts;
mod needs;

pub use catalogue::Situation;
pub use counts::Counts;
pub use needs::out_of_reach;

crate::named::named!(Situation, "Situation", "situation", "squall situations");

impl Situation {
    /// How many there are.
    pub const COUNT: usize = Situation::ALL.len();

    /// The place in the catalogue, from 0.
    pub const fn slot(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for (slot, situation) in Situation::ALL.iter().enumerate() {
            assert_eq!(situation.slot(), slot);
            assert_eq!(situation.name().parse(), Ok(*situation));
            assert!(situation.means().ends_with('.') && situation.matters().ends_with('.'));
        }
        const { assert!(Situation::COUNT >= 60) };
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_closest() {
        let error = "leader-electd".parse::<Situation>().unwrap_err();
        assert!(error.contains("did you mean `leader-elected`"), "{error}");
    }
}
