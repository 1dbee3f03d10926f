//! Starts a private Dovecot in a temporary folder, on its own ports, and stops it on drop.
//!
//! Nothing outside the folder is read or written: one configuration file, no system users, no
//! systemd. If root starts the server, it runs as `nobody`, because Dovecot refuses to read mail as
//! root. If an ordinary user starts it, it runs as that user.
//!
//! A `Dovecot` in a `static` is never dropped, so its processes outlive the test.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::certificates::{Authority, ClientCertificate};
use super::running::{Running, give};
use super::{Options, installed, skip};

/// The timeout for the first greeting after a start. It needs about a tenth of a second.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A running server. Dropping it kills its processes and removes its folder.
#[derive(Debug)]
pub struct Dovecot {
    program: PathBuf,
    /// The configuration, except for the ports.
    config: String,
    running: Mutex<Running>,
    authority: Authority,
    /// User and group of the server, if they differ from those of the test.
    step_down: Option<(u32, u32)>,
    delivered: AtomicU32,
    folder: TempDir,
}

impl Dovecot {
    /// Starts a server and waits until it greets.
    ///
    /// Returns `None` if there is no Dovecot that this module can run. One line on stderr says so,
    /// and the test should return. If `POP3_REQUIRE_DOVECOT` is set in the environment, it panics
    /// instead, so that no test is skipped unnoticed.
    pub fn start(options: Options) -> Option<Self> {
        let Some((program, version)) = installed() else {
            return skip("Dovecot is not installed");
        };
        let Some(config) = options.configuration(&version) else {
            return skip(&format!("Dovecot {version} is neither 2.3 nor 2.4"));
        };
        let mut log = String::new();
        // Another process can bind a port after it was chosen and before the server binds it.
        for _ in 0..5 {
            match Self::launch(&program, &config, &options.files) {
                Ok(server) => return Some(server),
                Err(text) => log = text,
            }
            if !log.contains("Address already in use") {
                break;
            }
        }
        if log.contains("/pop3) failed: No such") || log.contains("/pop3-login) failed: No such") {
            return skip("Dovecot is installed without POP3");
        }
        panic!("Dovecot {version} did not start:\n{log}");
    }

    /// Tries to start. The error is the server's log.
    fn launch(program: &Path, config: &str, files: &[(String, String)]) -> Result<Self, String> {
        // Not in `TMPDIR`: the path of a unix socket must be short, and `nobody` must have access.
        let folder = tempfile::Builder::new().prefix("pop3-").tempdir_in("/tmp");
        let folder = folder.expect("create a folder");
        let dir = folder.path();
        let root = id("-u", None) == "0";
        let account = root.then_some("nobody");
        let number = |flag| id(flag, account).parse().expect("id prints a number");
        let step_down = root.then(|| (number("-u"), number("-g")));

        let dir_name = dir.to_str().expect("path is UTF-8");
        let config = config
            .replace("@DIR@", dir_name)
            .replace("@USER@", &id("-un", account))
            .replace("@GROUP@", &id("-gn", account));
        for (name, content) in files {
            let (path, content) = (dir.join(name), content.replace("@DIR@", dir_name));
            fs::create_dir_all(path.parent().expect("a folder")).expect("create a folder");
            fs::write(path, content).expect("write a file of the options");
        }
        for name in ["passwd", "certified", "mail"] {
            fs::create_dir(dir.join(name)).expect("create a folder");
        }
        let authority = Authority::write_certificates(dir);
        give_all(dir, step_down);
        let server = Self {
            running: Mutex::new(Running::start(program, dir, &config, step_down)),
            program: program.to_owned(),
            config,
            authority,
            step_down,
            delivered: AtomicU32::new(0),
            folder,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Waits for a greeting that contains this server's folder. Another server may have bound the
    /// port, and must not be mistaken for this one. The master listens on all ports before it
    /// accepts a connection.
    fn wait_until_ready(&self) -> Result<(), String> {
        let folder = self.folder.path().to_str().expect("path is UTF-8");
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if !is_running(&mut self.running().master) {
                return Err(self.log());
            }
            if greeting(self.plain_port()).is_ok_and(|line| line.contains(folder))
                && connect(self.tls_port()).is_ok()
            {
                return Ok(());
            }
            sleep(Duration::from_millis(5));
        }
        Err(format!("no greeting in {START_LIMIT:?}\n{}", self.log()))
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().expect("no panic while it was held")
    }

    /// Returns the port on 127.0.0.1 that starts without TLS and supports STLS.
    pub fn plain_port(&self) -> u16 {
        self.running().plain_port
    }

    /// Returns the port on 127.0.0.1 that starts with TLS.
    pub fn tls_port(&self) -> u16 {
        self.running().tls_port
    }

    /// Returns the certificate authority to trust. The server's certificate is for `localhost` and
    /// 127.0.0.1.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// Returns the file with [`ca_pem`](Self::ca_pem).
    pub fn ca_path(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Returns what the server has logged so far.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).expect("read the log");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Returns a certificate that [`Options::every_login`] accepts as this user's.
    pub fn client_certificate(&self, user: &str) -> ClientCertificate {
        self.authority.client(user)
    }

    /// Adds a user with an empty maildrop. The password may contain any characters. The name must
    /// be a valid file name, and can be added only once.
    pub fn add_user(&self, name: &str, password: &str) {
        // The password is in hexadecimal, because a colon would end the field.
        self.add(name, &format!("{{PLAIN.HEX}}{}", hex(password.as_bytes())));
    }

    /// Adds a user whose password the server stores as a hash. Only mechanisms that send the
    /// password work for this user.
    pub fn add_user_with_hash(&self, name: &str, password: &str) {
        let salt = b"salt of a test";
        let salted = [password.as_bytes(), salt].concat();
        let hash = [Sha256::digest(salted).as_slice(), salt].concat();
        self.add(name, &format!("{{SSHA256.HEX}}{}", hex(&hash)));
    }

    fn add(&self, name: &str, password: &str) {
        assert!(!name.contains(['/', ':', '\n']), "unsuitable name {name:?}");
        let dir = self.folder.path();
        let maildir = dir.join("mail").join(name);
        for part in ["", "new", "cur", "tmp"] {
            let path = maildir.join(part);
            fs::create_dir(&path).expect("create a maildir");
            give(&path, self.step_down);
        }
        // Dovecot looks up names with a backslash before each of these characters.
        let mut escaped = name.to_owned();
        for special in ['\\', '"', '\''] {
            escaped = escaped.replace(special, &format!("\\{special}"));
        }
        let by_password = format!("{escaped}:{password}\n");
        let by_certificate = format!("{escaped}:::::::nopassword=y\n");
        for (folder, line) in [("passwd", by_password), ("certified", by_certificate)] {
            let file = dir.join(folder).join(name);
            fs::write(&file, line).expect("write a user");
            give(&file, self.step_down);
        }
    }

    /// Puts messages into a user's maildrop, in this order, after those that are already there. A
    /// new session sees them. Returns their unique-ids.
    ///
    /// RETR answers with exactly these octets if each line ends with CRLF, including the last one.
    /// Dovecot replaces a lone LF by CRLF, and adds a missing CRLF at the end.
    pub fn deliver<M: AsRef<[u8]>>(
        &self,
        user: &str,
        messages: impl IntoIterator<Item = M>,
    ) -> Vec<String> {
        let maildir = self.folder.path().join("mail").join(user);
        let put = |message: M| {
            let octets = message.as_ref();
            assert!(octets.ends_with(b"\r\n"), "a message must end with CRLF");
            // The order of a Maildir is the order of the numbers that its file names start with.
            let number = 1_000_000_000 + self.delivered.fetch_add(1, Ordering::Relaxed);
            // `W` is the size on the wire, so that LIST does not have to read the file.
            let name = format!("{number}.test,W={}", octets.len());
            let tmp = maildir.join("tmp").join(&name);
            fs::write(&tmp, octets).expect("write a message");
            give(&tmp, self.step_down);
            fs::rename(&tmp, maildir.join("new").join(&name)).expect("move a message");
            name
        };
        messages.into_iter().map(put).collect()
    }

    /// Kills all processes of the server together, as a crash would, and waits until its ports are
    /// closed. The folder remains until the drop.
    pub fn kill(&self) {
        let mut running = self.running();
        let ports = [running.plain_port, running.tls_port];
        let master = &mut running.master;
        if !is_running(master) {
            return;
        }
        // `wait` was not called for the master yet, so no other process or group can have its id.
        let kill = format!("kill -s KILL -- -{}", master.id());
        let status = Command::new("sh").arg("-c").arg(kill).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "could not kill dovecot"
        );
        master.wait().expect("wait for dovecot");
        let deadline = Instant::now() + Duration::from_secs(1);
        for port in ports {
            while connect(port).is_ok() && Instant::now() < deadline {
                sleep(Duration::from_millis(1));
            }
        }
    }

    /// Starts the server again after [`kill`](Self::kill), with the same users and mail. Its ports
    /// are new, because another process may have bound the old ones.
    pub fn restart(&self) {
        self.kill();
        let dir = self.folder.path();
        // Killed processes leave their lock files, and Dovecot waits for minutes before it treats
        // an empty one as stale.
        for user in list(&dir.join("mail")) {
            for file in list(&user).filter(|path| path.extension().is_some_and(|e| e == "lock")) {
                fs::remove_file(file).expect("remove a lock file");
            }
        }
        for _ in 0..5 {
            *self.running() = Running::start(&self.program, dir, &self.config, self.step_down);
            if self.wait_until_ready().is_ok() {
                return;
            }
            self.kill();
        }
        panic!("Dovecot did not start again:\n{}", self.log());
    }

    /// Returns the messages in a user's maildrop, as they were delivered, sorted.
    pub fn maildrop(&self, user: &str) -> Vec<Vec<u8>> {
        let maildir = self.folder.path().join("mail").join(user);
        loop {
            let (new, cur) = (maildir.join("new"), maildir.join("cur"));
            let files = list(&new).chain(list(&cur));
            let read: io::Result<Vec<_>> = files.map(fs::read).collect();
            match read {
                Ok(mut messages) => {
                    messages.sort();
                    return messages;
                }
                // The server has just moved or deleted one.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => panic!("read a message: {error}"),
            }
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.kill();
        // A process that is about to exit can still create files in the folder.
        let deadline = Instant::now() + Duration::from_secs(1);
        while fs::remove_dir_all(self.folder.path()).is_err() && Instant::now() < deadline {
            sleep(Duration::from_millis(5));
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Returns what `id` prints about a user, by default about the current one.
fn id(flag: &str, user: Option<&str>) -> String {
    let output = Command::new("id").arg(flag).args(user).output();
    let output = output.expect("run id");
    assert!(output.status.success(), "id {flag} {user:?} failed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Returns the paths of the entries of a folder.
fn list(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(dir).expect("list a folder");
    entries.map(|entry| entry.expect("entry of a folder").path())
}

/// Makes the server the owner of a folder and everything in it.
fn give_all(dir: &Path, step_down: Option<(u32, u32)>) {
    give(dir, step_down);
    for path in list(dir) {
        if path.is_dir() {
            give_all(&path, step_down);
        } else {
            give(&path, step_down);
        }
    }
}

fn is_running(master: &mut Child) -> bool {
    master.try_wait().expect("state of dovecot").is_none()
}

/// Connects with a short timeout, because TCP waits for a second if a closing socket has lost the
/// first packet.
fn connect(port: u16) -> io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(200))
}

/// Returns the first line that a server sends.
fn greeting(port: u16) -> io::Result<String> {
    let stream = connect(port)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}
