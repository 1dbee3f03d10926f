//! A real server for tests: a private Dovecot, and messages to put into it.
//!
//! ```no_run
//! use pop3_testkit::dovecot::{Dovecot, Options, corpus};
//!
//! let Some(server) = Dovecot::start(Options::default()) else { return };
//! server.add_user("anna", "secret");
//! let messages = corpus(10);
//! let unique_ids = server.deliver("anna", &messages);
//! // connect to 127.0.0.1, server.plain_port() ...
//! ```

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

mod certificates;
mod corpus;
mod every_login;
mod running;
mod server;

pub use certificates::ClientCertificate;
pub use corpus::{attachment, corpus};
pub use every_login::{OPENID_CONFIGURATION, expired_token, forged_token, token};
pub use server::Dovecot;

/// The options of a test's server. `@DIR@` in the texts is replaced by the server's folder.
#[derive(Clone, Debug)]
pub struct Options {
    /// The SASL mechanisms to offer. `apop` enables the APOP command.
    pub mechanisms: String,
    /// Whether passwords may be sent without TLS. Dovecot always accepts them from a client that
    /// has the server's own address. Therefore, if this is false, the server also listens on
    /// 127.0.0.2. It then refuses passwords without TLS from a client that connects to 127.0.0.2,
    /// because the system gives the client the address 127.0.0.1.
    pub plaintext_without_tls: bool,
    /// How many sessions one user may have at a time.
    pub sessions_per_user: u32,
    /// More lines for the configuration of Dovecot 2.3. They precede the password file, so a
    /// `passdb` here is queried first.
    pub extra_2_3: String,
    /// The same for Dovecot 2.4.
    pub extra_2_4: String,
    /// More files (path and content) for the folder, such as keys that the extra lines refer to.
    pub files: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mechanisms: "plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 apop".to_owned(),
            plaintext_without_tls: true,
            sessions_per_user: 1000,
            extra_2_3: String::new(),
            extra_2_4: String::new(),
            files: Vec::new(),
        }
    }
}

impl Options {
    /// Returns the configuration, with placeholders for values that are known only at the start.
    fn configuration(&self, version: &str) -> Option<String> {
        let (text, extra) = match version.get(..4) {
            Some("2.3.") => (CONFIG_2_3, &self.extra_2_3),
            Some("2.4.") => (CONFIG_2_4, &self.extra_2_4),
            _ => return None,
        };
        let (allow, refuse, listen) = match self.plaintext_without_tls {
            true => ("yes", "no", "127.0.0.1"),
            false => ("no", "yes", "127.0.0.1, 127.0.0.2"),
        };
        let text = text
            .replace("@MECHANISMS@", &self.mechanisms)
            .replace("@ALLOW_PLAINTEXT@", allow)
            .replace("@REFUSE_PLAINTEXT@", refuse)
            .replace("@LISTEN@", listen)
            .replace("@SESSIONS@", &self.sessions_per_user.to_string())
            .replace("@EXTRA@", extra);
        Some(text)
    }
}

/// Returns the program and its version, such as `2.3.19.1 (9b53102964)`.
fn installed() -> Option<(PathBuf, String)> {
    // The PATH of an ordinary user may not contain /usr/sbin.
    let places = ["dovecot", "/usr/sbin/dovecot", "/usr/local/sbin/dovecot"];
    places.into_iter().find_map(|program| {
        let output = Command::new(program).arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then(|| (program.into(), version))
    })
}

/// Prints one line that this test is skipped, even if the test harness captures output.
fn skip(reason: &str) -> Option<Dovecot> {
    let test = std::thread::current();
    let text = format!("{reason}; to install it: apt-get install dovecot-pop3d");
    let required = std::env::var_os("POP3_REQUIRE_DOVECOT").is_some();
    assert!(!required, "POP3_REQUIRE_DOVECOT is set, but {text}");
    let name = test.name().unwrap_or("a test");
    writeln!(io::stderr(), "{name} is skipped: {text}").expect("write to stderr");
    None
}

/// The configuration for Dovecot 2.3 (tested with 2.3.19). Each `@NAME@` is a placeholder.
const CONFIG_2_3: &str = "\
protocols = pop3
listen = @LISTEN@
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/log
login_greeting = Dovecot in @DIR@ ready.

# Everything runs as one ordinary user, which cannot chroot.
default_internal_user = @USER@
default_internal_group = @GROUP@
default_login_user = @USER@
first_valid_uid = 1
service anvil {
  chroot =
  # Without this socket a failed login does not delay later ones.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service pop3 {
  process_limit = 400
}
service pop3-login {
  chroot =
  # One process for all connections.
  service_count = 0
  process_limit = 1
  inet_listener pop3 {
    port = @PLAIN_PORT@
  }
  inet_listener pop3s {
    port = @TLS_PORT@
    ssl = yes
  }
}

ssl = yes
ssl_cert = <@DIR@/cert.pem
ssl_key = <@DIR@/key.pem

auth_mechanisms = @MECHANISMS@
# A refusal still takes up to half a second: Dovecot 2.3 reports it at the next tick of a timer.
auth_failure_delay = 0
auth_username_chars =
auth_username_format = %u
disable_plaintext_auth = @REFUSE_PLAINTEXT@
mail_max_userip_connections = @SESSIONS@
mail_location = maildir:@DIR@/mail/%u
mail_fsync = never
pop3_uidl_format = %f
@EXTRA@
passdb {
  driver = passwd-file
  # One file per user, because a shared file is checked for changes only once a second.
  args = username_format=%u @DIR@/passwd/%u
}
userdb {
  driver = static
  args = uid=@USER@ gid=@GROUP@ home=@DIR@/mail/%u
}
";

/// The configuration for Dovecot 2.4 (tested with 2.4.1), whose syntax is different.
const CONFIG_2_4: &str = "\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols = pop3
listen = @LISTEN@
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/log
login_greeting = Dovecot in @DIR@ ready.

default_internal_user = @USER@
default_internal_group = @GROUP@
default_login_user = @USER@
first_valid_uid = 1
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service pop3 {
  process_limit = 400
}
service pop3-login {
  chroot =
  restart_request_count = unlimited
  process_limit = 1
  inet_listener pop3 {
    port = @PLAIN_PORT@
  }
  inet_listener pop3s {
    port = @TLS_PORT@
    ssl = yes
  }
}

ssl = yes
ssl_server_cert_file = @DIR@/cert.pem
ssl_server_key_file = @DIR@/key.pem

auth_mechanisms = @MECHANISMS@
auth_failure_delay = 0
auth_username_chars =
auth_username_format = %{user}
auth_allow_cleartext = @ALLOW_PLAINTEXT@
mail_max_userip_connections = @SESSIONS@
mail_driver = maildir
mail_home = @DIR@/mail/%{user}
mail_path = %{home}
mail_fsync = never
mail_uid = @USER@
mail_gid = @GROUP@
pop3_uidl_format = %{filename}
namespace inbox {
  inbox = yes
}
@EXTRA@
passdb passwd-file {
  passwd_file_path = @DIR@/passwd/%{user}
}
userdb static {
}
";
