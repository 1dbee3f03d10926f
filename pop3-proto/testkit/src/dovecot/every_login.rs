//! A server that accepts every kind of login: passwords, tokens (JWT, RFC 7519) and certificates.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Options;

/// The key that signs tokens, and with which the server verifies them.
const KEY: &[u8] = b"a key for tokens of tests only, 32 octets or more";

/// Where to obtain tokens, as the server reports it to a client whose token it refuses.
pub const OPENID_CONFIGURATION: &str = "https://id.example.org/.well-known/openid-configuration";

impl Options {
    /// Enables all mechanisms. Each user of [`add_user`](super::Dovecot::add_user) may log in with
    /// the password, with a [`token`], or with a certificate of the server's authority.
    ///
    /// A client with such a certificate is logged in as that user, regardless of the name in PLAIN
    /// or SCRAM.
    pub fn every_login() -> Self {
        let default = Self::default();
        let file = |name: &str, content: String| (name.to_owned(), content);
        Self {
            mechanisms: format!("{} xoauth2 oauthbearer external", default.mechanisms),
            extra_2_3: EXTRA_2_3.to_owned(),
            extra_2_4: EXTRA_2_4.replace("@OPENID@", OPENID_CONFIGURATION),
            files: vec![
                file(
                    "oauth2",
                    OAUTH2_2_3.replace("@OPENID@", OPENID_CONFIGURATION),
                ),
                // Dovecot looks the key up by the token's `azp`, `alg` and `kid`. These tokens have
                // only `alg`.
                file("keys/default/HS256/default", STANDARD.encode(KEY)),
            ],
            ..default
        }
    }
}

/// Returns a token for `user` that is valid for an hour. It is padded to at least this many octets.
pub fn token(user: &str, octets: usize) -> String {
    let bare = signed(user, 3600, "", KEY).len();
    // Three octets of padding become four of base64.
    let padding = "x".repeat(octets.saturating_sub(bare).div_ceil(4) * 3);
    signed(user, 3600, &padding, KEY)
}

/// Returns a token that expired an hour ago.
pub fn expired_token(user: &str) -> String {
    signed(user, -3600, "", KEY)
}

/// Returns a token that was signed with another key.
pub fn forged_token(user: &str) -> String {
    signed(user, 3600, "", b"another key of also at least 32 octets")
}

/// Returns a JWT signed with HS256. `valid_for` is in seconds from now.
fn signed(user: &str, valid_for: i64, padding: &str, key: &[u8]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("a clock after 1970").as_secs().cast_signed();
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(json!({"alg": "HS256", "typ": "JWT"}));
    let claims = part(json!({"sub": user, "exp": now + valid_for, "padding": padding}));
    let signed = format!("{header}.{claims}");
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// The configuration lines that add tokens and certificates to the passwords. Dovecot 2.3 requires
/// a certificate revocation list by default; this disables it.
const EXTRA_2_3: &str = "\
ssl_ca = <@DIR@/ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
ssl_cert_username_field = commonName
auth_ssl_username_from_cert = yes
passdb {
  driver = passwd-file
  mechanisms = external
  args = username_format=%u @DIR@/certified/%u
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = @DIR@/oauth2
}
";

const OAUTH2_2_3: &str = "\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=@DIR@/keys/
username_attribute = sub
username_format = %u
openid_configuration_url = @OPENID@
";

const EXTRA_2_4: &str = "\
ssl_server_ca_file = @DIR@/ca.pem
ssl_server_request_client_cert = yes
ssl_server_require_crl = no
ssl_server_cert_username_field = commonName
auth_ssl_username_from_cert = yes
oauth2 {
  introspection_mode = local
  username_attribute = sub
  openid_configuration_url = @OPENID@
  oauth2_local_validation {
    dict fs {
      fs posix {
        prefix = @DIR@/keys/
      }
    }
  }
}
passdb certified {
  driver = passwd-file
  mechanisms_filter = external
  passwd_file_path = @DIR@/certified/%{user}
}
";
