//! The macros that declare sections and choices.

/// Declares a typed group of fields: a struct and its [`Section`](crate::Section) in one table.
///
/// ```text
/// section! {
///     /// Doc comment: its first line is the summary.
///     pub struct Name, check = path::to::rule {          // the rule is optional
///         /// Doc comment: help text, reference and schema.
///         ROLE field: Type = default, bounds;            // default and bounds are optional
///     }
/// }
/// ```
///
/// - `ROLE` is `trajectory`, `policy` or `horizon` (see [`Role`](crate::Role)).
/// - A field without a default must be given. If every field has one, the struct implements [`Default`].
/// - `bounds` is a range such as `1..`, `0.0..1.0` or [`above`](crate::above)`(0.0)`; for a list it holds for each element.
/// - The rule is a `fn(&Name, &Node, &JsonPath, &mut Problems)` and is called with every value that could be read.
///
/// A field without a role does not compile, so none can escape the resume guard:
///
/// ```compile_fail
/// steadfast_config::section! {
///     /// Whether the numbers change with `lr` is not said.
///     pub struct Config {
///         /// Step size.
///         lr: f64 = 0.1;
///     }
/// }
/// ```
///
/// The struct gets public fields and `Debug`, `Clone`, `PartialEq`, `Serialize`, and can itself be the type of a field.
/// See the [crate documentation](crate) for an example.
#[macro_export]
macro_rules! section {
    (@role trajectory) => { $crate::Role::Trajectory };
    (@role policy) => { $crate::Role::Policy };
    (@role horizon) => { $crate::Role::Horizon };
    (@role $other:ident) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($other), "` is no role: write trajectory, policy or horizon before the field"
        ))
    };

    (@default $type:ty,) => { ::core::option::Option::None::<fn() -> $type> };
    (@default $type:ty, $default:expr) => {
        ::core::option::Option::Some((|| -> $type { $default }) as fn() -> $type)
    };

    (@bounds $type:ty,) => { $crate::Bounds::<<$type as $crate::FieldValue>::Scalar>::none() };
    (@bounds $type:ty, $bounds:expr) => {
        $crate::Bounds::<<$type as $crate::FieldValue>::Scalar>::new($bounds)
    };

    // Every field has a default: the struct has one, too.
    (
        $(#[doc = $doc:expr])*
        $vis:vis struct $name:ident $(, check = $check:path)? {
            $(
                $(#[doc = $field_doc:expr])*
                $role:ident $field:ident : $type:ty = $default:expr $(, $bounds:expr)? ;
            )*
        }
    ) => {
        impl ::core::default::Default for $name {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        $crate::section! {
            @define
            $(#[doc = $doc])*
            $vis struct $name $(, check = $check)? {
                $( $(#[doc = $field_doc])* $role $field : $type = $default $(, $bounds)? ; )*
            }
        }
    };

    (
        @define
        $(#[doc = $doc:expr])*
        $vis:vis struct $name:ident $(, check = $check:path)? {
            $(
                $(#[doc = $field_doc:expr])*
                $role:ident $field:ident : $type:ty $(= $default:expr)? $(, $bounds:expr)? ;
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $( $(#[doc = $field_doc])* pub $field: $type, )*
        }

        impl $crate::Section for $name {
            const NAME: &'static str = ::core::stringify!($name);

            fn doc() -> ::std::string::String {
                $crate::private::doc(&[$($doc),*])
            }

            fn fields() -> ::std::vec::Vec<$crate::Field> {
                ::std::vec![$(
                    $crate::private::field::<$type>(
                        ::core::stringify!($field),
                        &[$($field_doc),*],
                        $crate::section!(@role $role),
                        $crate::section!(@default $type, $($default)?),
                        &$crate::section!(@bounds $type, $($bounds)?),
                    )
                ),*]
            }

            fn read(
                node: &$crate::Node,
                path: &$crate::JsonPath,
                problems: &mut $crate::Problems,
            ) -> ::core::option::Option<Self> {
                let mut reader = $crate::private::SectionReader::open(node, path, problems)?;
                $(
                    let $field: ::core::option::Option<$type> = reader.field(
                        $crate::private::field_name(::core::stringify!($field)),
                        $crate::section!(@default $type, $($default)?),
                        &$crate::section!(@bounds $type, $($bounds)?),
                    );
                )*
                let as_written = reader.finish(<Self as $crate::Section>::fields);
                let section = Self { $($field: $field?),* };
                $( if as_written { $check(&section, node, path, problems); } )?
                let _ = as_written;
                ::core::option::Option::Some(section)
            }

            fn to_json(&self) -> $crate::private::Json {
                $crate::private::object([$(
                    (
                        $crate::private::field_name(::core::stringify!($field)),
                        $crate::FieldValue::as_json(&self.$field),
                    )
                ),*])
            }
        }

        impl $crate::FieldValue for $name {
            type Scalar = $crate::NoBounds;

            fn from_node(
                node: &$crate::Node,
                path: &$crate::JsonPath,
                _: &$crate::Bounds<$crate::NoBounds>,
                problems: &mut $crate::Problems,
            ) -> ::core::option::Option<Self> {
                <Self as $crate::Section>::read(node, path, problems)
            }

            fn as_json(&self) -> $crate::private::Json {
                <Self as $crate::Section>::to_json(self)
            }

            fn words() -> $crate::Words {
                $crate::Words::new("an object", "objects")
            }

            fn schema(_: &$crate::Bounds<$crate::NoBounds>) -> $crate::private::Json {
                $crate::object_schema(&<Self as $crate::Section>::fields())
            }

            fn inner_fields() -> ::std::vec::Vec<$crate::Field> {
                <Self as $crate::Section>::fields()
            }
        }

        impl $crate::private::Serialize for $name {
            fn serialize<S: $crate::private::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::private::Serialize::serialize(&<Self as $crate::Section>::to_json(self), serializer)
            }
        }
    };

    // At least one field must be given.
    (
        $(#[doc = $doc:expr])*
        $vis:vis struct $name:ident $(, check = $check:path)? {
            $(
                $(#[doc = $field_doc:expr])*
                $role:ident $field:ident : $type:ty $(= $default:expr)? $(, $bounds:expr)? ;
            )*
        }
    ) => {
        $crate::section! {
            @define
            $(#[doc = $doc])*
            $vis struct $name $(, check = $check)? {
                $( $(#[doc = $field_doc])* $role $field : $type $(= $default)? $(, $bounds)? ; )*
            }
        }
    };
}

/// Declares a field type with a fixed set of names: an enum and its [`Choice`](crate::Choice).
///
/// ```
/// steadfast_config::choice! {
///     /// Which way is up.
///     pub enum Direction {
///         /// Towards the sky.
///         Up = "up",
///         /// Towards the ground.
///         Down = "down",
///     }
/// }
/// assert_eq!(Direction::Up.to_string(), "up");
/// ```
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $doc:expr])*
        $vis:vis enum $name:ident {
            $( $(#[doc = $variant_doc:expr])* $variant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $( $(#[doc = $variant_doc])* $variant, )+
        }

        impl $name {
            /// The name in a config.
            $vis const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }

        impl $crate::Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                Self::as_str(self)
            }

            fn doc(self) -> ::std::string::String {
                match self { $( Self::$variant => $crate::private::doc(&[$($variant_doc),*]), )+ }
            }
        }

        impl $crate::FieldValue for $name {
            type Scalar = $crate::NoBounds;

            fn from_node(
                node: &$crate::Node,
                path: &$crate::JsonPath,
                _: &$crate::Bounds<$crate::NoBounds>,
                problems: &mut $crate::Problems,
            ) -> ::core::option::Option<Self> {
                $crate::private::read_choice(node, path, problems)
            }

            fn as_json(&self) -> $crate::private::Json {
                <Self as $crate::Choice>::as_str(*self).into()
            }

            fn words() -> $crate::Words {
                $crate::private::words_of_choice::<Self>()
            }

            fn schema(_: &$crate::Bounds<$crate::NoBounds>) -> $crate::private::Json {
                $crate::private::schema_of_choice::<Self>()
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(<Self as $crate::Choice>::as_str(*self))
            }
        }

        impl $crate::private::Serialize for $name {
            fn serialize<S: $crate::private::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(<Self as $crate::Choice>::as_str(*self))
            }
        }
    };
}
