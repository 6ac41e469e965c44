//! What the bytes of a record mean: a schema's name and version, and their encoding.
//!
//! The store keeps this beside the bytes and never reads the bytes themselves.

use std::borrow::Cow;
use std::fmt;

/// How the bytes of a record are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Codec(u8);

impl Codec {
    /// Bytes without a declared encoding.
    pub const RAW: Self = Self(0);
    /// JSON text.
    pub const JSON: Self = Self(1);

    /// The codec with this number; 128 and above are free for applications.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// Name, version and codec of the bytes in a record or log entry.
///
/// A record of a newer version is never overwritten by a save that declares an older one.
///
/// # Examples
///
/// ```
/// use persistence::{Codec, Schema};
///
/// let schema = Schema::json("task-list", 3);
/// assert_eq!((schema.name(), schema.version(), schema.codec()), ("task-list", 3, Codec::JSON));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schema {
    name: Cow<'static, str>,
    version: u32,
    codec: Codec,
}

impl Schema {
    /// Longest schema name, in bytes.
    pub const NAME_LEN_MAX: usize = 255;

    /// The schema `name`, at `version`, encoded with `codec`.
    ///
    /// # Panics
    ///
    /// Panics if `name` is longer than [`Schema::NAME_LEN_MAX`] bytes.
    #[must_use]
    #[track_caller]
    pub fn new(name: impl Into<Cow<'static, str>>, version: u32, codec: Codec) -> Self {
        let name = name.into();
        assert!(name.len() <= Self::NAME_LEN_MAX, "a schema name is at most 255 bytes");
        Self { name, version, codec }
    }

    /// A schema in JSON.
    ///
    /// # Panics
    ///
    /// As [`Schema::new`].
    #[must_use]
    #[track_caller]
    pub fn json(name: impl Into<Cow<'static, str>>, version: u32) -> Self {
        Self::new(name, version, Codec::JSON)
    }

    /// A schema without a declared encoding.
    ///
    /// # Panics
    ///
    /// As [`Schema::new`].
    #[must_use]
    #[track_caller]
    pub fn raw(name: impl Into<Cow<'static, str>>, version: u32) -> Self {
        Self::new(name, version, Codec::RAW)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The encoding of the bytes.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}
