//! Tables of files, as one macro writes them: structs of which a file may leave keys out.

/// Each struct is a table of a file. A key with a default of its own is always written, and so is one that is `required` or `written`. Any
/// other is left out where it has the default of its type. Where a key is `required`, the table as a whole has no default.
macro_rules! table {
    ($($(#[$meta:meta])* pub struct $name:ident { $($keys:tt)* })+) => {
        $(table! { @keys whole [$(#[$meta])* $name] [] [] $($keys)* })+
    };
    (@keys $kind:ident $head:tt [$($fields:tt)*] $defaults:tt
     $(#[$doc:meta])* required $key:ident: $type:ty, $($rest:tt)*) => {
        table! { @keys part $head [$($fields)* $(#[$doc])* pub $key: $type,] $defaults $($rest)* }
    };
    (@keys $kind:ident $head:tt [$($fields:tt)*] [$($defaults:tt)*]
     $(#[$doc:meta])* written $key:ident: $type:ty, $($rest:tt)*) => {
        table! { @keys $kind $head
            [$($fields)* $(#[$doc])* #[serde(default)] pub $key: $type,]
            [$($defaults)* $key: Default::default(),] $($rest)* }
    };
    (@keys $kind:ident $head:tt [$($fields:tt)*] [$($defaults:tt)*]
     $(#[$doc:meta])* $key:ident: $type:ty = $default:expr, $($rest:tt)*) => {
        table! { @keys $kind $head
            [$($fields)* $(#[$doc])* pub $key: $type,] [$($defaults)* $key: $default,] $($rest)* }
    };
    (@keys $kind:ident $head:tt [$($fields:tt)*] [$($defaults:tt)*]
     $(#[$doc:meta])* $key:ident: $type:ty, $($rest:tt)*) => {
        table! { @keys $kind $head
            [$($fields)* $(#[$doc])*
             #[serde(default, skip_serializing_if = "crate::plan::table::is_default")] pub $key: $type,]
            [$($defaults)* $key: Default::default(),] $($rest)* }
    };
    (@keys whole [$(#[$meta:meta])* $name:ident] [$($fields:tt)*] [$($defaults:tt)*]) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($fields)* }

        impl Default for $name {
            fn default() -> $name {
                $name { $($defaults)* }
            }
        }
    };
    (@keys part [$(#[$meta:meta])* $name:ident] [$($fields:tt)*] $defaults:tt) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($fields)* }
    };
}
pub(crate) use table;

/// Whether a key has the default of its type.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
