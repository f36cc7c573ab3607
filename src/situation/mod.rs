//! Named situations: what a run can get into. A green run says which of them it reached.
//!
//! The catalogue stands here, apart from the code that notices them, because plans name situations too: a
//! fault may wait for the n-th time that one occurs.

/// The catalogue: a variant, its name, what it means, why it matters.
macro_rules! situations {
    ($($variant:ident $name:literal $means:literal $matters:literal;)+) => {
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
                match self { $(Situation::$variant => $name,)+ }
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
mod names;
mod needs;

pub use catalogue::Situation;
pub use counts::Counts;
pub use needs::out_of_reach;

impl Situation {
    /// How many there are.
    pub const COUNT: usize = Situation::ALL.len();

    /// The place in the catalogue, from 0.
    pub const fn slot(self) -> usize {
        self as usize
    }
}
