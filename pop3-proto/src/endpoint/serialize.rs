//! An endpoint as its URL, in a configuration file.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString as _};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Endpoint;

impl Endpoint {
    /// Returns the URL with the user name and the login method.
    fn to_url(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let user = self.username.as_ref();
        let user = user.map_or_else(String::new, |user| encoded(user.as_str()));
        let method = self.method.map(|method| encoded(&method.to_string()));
        let method = method.map_or_else(String::new, |method| format!(";AUTH={method}"));
        let at = if user.is_empty() && method.is_empty() {
            ""
        } else {
            "@"
        };
        format!("{self}").replacen("://", &format!("://{user}{method}{at}"), 1)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_url())
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = Cow::<'de, str>::deserialize(deserializer)?;
        url.parse().map_err(D::Error::custom)
    }
}
