//! A key distribution center on 127.0.0.1, with its database in a temporary folder.

use std::fs;
use std::io::Write as _;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const REALM: &str = "POP3.TEST";

/// A running key distribution center. Dropping it ends it.
pub(crate) struct Kerberos {
    server: Child,
    folder: TempDir,
}

impl Kerberos {
    /// Starts it with a service `pop/localhost` and these users, who have the same password.
    pub(crate) fn start(users: &[&str], password: &str) -> Self {
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let dir = folder.path();
        // Dovecot reads the key of the service as another user.
        let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(dir, mode).expect("the mode of the folder");
        let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a port").port();
        let path = dir.display();
        let client = format!(
            "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n \
             dns_lookup_realm = false\n dns_canonicalize_hostname = false\n rdns = false\n\
             [realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n\
             [domain_realm]\n localhost = {REALM}\n"
        );
        fs::write(dir.join("krb5.conf"), client).expect("write the configuration");
        let server = format!(
            "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\n {REALM} = {{\n  database_name = {path}/principal\n  \
             key_stash_file = {path}/stash\n  acl_file = {path}/acl\n }}\n\
             [logging]\n kdc = FILE:{path}/kdc.log\n"
        );
        fs::write(dir.join("kdc.conf"), server).expect("write the configuration");
        run(
            dir,
            "kdb5_util",
            &["create", "-s", "-r", REALM, "-P", "master"],
        );
        for user in users {
            let add = format!("addprinc -pw {password} {user}");
            run(dir, "kadmin.local", &["-r", REALM, "-q", &add]);
        }
        run(
            dir,
            "kadmin.local",
            &["-r", REALM, "-q", "addprinc -randkey pop/localhost"],
        );
        let keytab = format!("ktadd -k {path}/keytab pop/localhost");
        run(dir, "kadmin.local", &["-r", REALM, "-q", &keytab]);
        let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
        fs::set_permissions(dir.join("keytab"), mode).expect("the mode of the keys");
        let server = command(dir, "krb5kdc").args(["-n", "-r", REALM]).spawn();
        Self {
            server: server.expect("krb5kdc starts"),
            folder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Gets a ticket for a user, and stores it in the file `cache`.
    pub(crate) fn ticket(&self, user: &str, password: &str, cache: &str) {
        let cache = self.path(cache);
        for _ in 0..50 {
            let mut kinit = command(self.folder.path(), "kinit");
            kinit.arg("-c").arg(&cache).arg(user);
            let mut kinit = kinit.stdin(Stdio::piped()).spawn().expect("kinit starts");
            let mut stdin = kinit.stdin.take().expect("a pipe");
            writeln!(stdin, "{password}").expect("write the password");
            drop(stdin);
            if kinit.wait().expect("kinit ends").success() {
                return;
            }
            // The server may not listen yet.
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("no ticket");
    }
}

impl Drop for Kerberos {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Returns a command that uses the configuration of this folder.
fn command(dir: &Path, program: &str) -> Command {
    let sbin = Path::new("/usr/sbin").join(program);
    let mut command = if sbin.exists() {
        Command::new(sbin)
    } else {
        Command::new(program)
    };
    command
        .env("KRB5_CONFIG", dir.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", dir.join("kdc.conf"))
        .env("KRB5RCACHENAME", "none:")
        .stdout(Stdio::null());
    command
}

fn run(dir: &Path, program: &str, arguments: &[&str]) {
    let status = command(dir, program).args(arguments).status();
    let status = status.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(status.success(), "{program} {arguments:?}: {status}");
}
