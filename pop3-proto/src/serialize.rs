//! `Serialize` and `Deserialize` for values that are checked when they are created.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};

use crate::method::Method;
use crate::types::{UniqueId, Username};

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::new(name).map_err(D::Error::custom)
    }
}

impl Serialize for Method {
    /// Serializes the name. Fails for [`Method::Custom`], whose name is unknown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Custom => Err(S::Error::custom("a custom mechanism cannot be serialized")),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(D::Error::custom)
    }
}

/// The octets of a unique-id that are written as `%` and two hex digits: `%` itself, spaces, and all
/// that are not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b' ');

impl Serialize for UniqueId {
    /// Serializes a string. A unique-id may have octets that are not text, so some are escaped.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&percent_encode(self.as_bytes(), ESCAPED))
    }
}

impl<'de> Deserialize<'de> for UniqueId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let octets: Vec<u8> = percent_decode_str(&text).collect();
        Self::checked(octets).ok_or_else(|| {
            let limit = Self::LONGEST;
            D::Error::custom(format!(
                "a unique-id has 1 to {limit} octets and no control characters"
            ))
        })
    }
}
