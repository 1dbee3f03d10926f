//! Runs the example `fetch` and its shorter variants as programs. Also has servers that misbehave.

mod script;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use script::{Script, entry, header, script, serve};

/// The timeout of a run.
const LIMIT: Duration = Duration::from_secs(60);

/// The example of `pop3-blocking`.
pub const FETCH: Example = Example {
    package: "pop3-blocking",
    name: "fetch",
};

/// The same with the Tokio client.
pub const FETCH_TOKIO: Example = Example {
    package: "pop3-tokio",
    name: "fetch_tokio",
};

/// The same with the async-std client.
pub const FETCH_ASYNC_STD: Example = Example {
    package: "pop3-async-std",
    name: "fetch_async_std",
};

/// An example that fetches mail.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    package: &'static str,
    name: &'static str,
}

impl Example {
    /// Returns the path of the program, which is in a folder next to this test. `cargo test` builds
    /// examples before it runs tests. `cargo test --test NAME` does not, so this function builds
    /// the example if it is missing or older than its sources.
    fn program(self) -> PathBuf {
        let Self { package, name } = self;
        let test = std::env::current_exe().expect("own path");
        let profile = test.ancestors().nth(2).expect("target/debug");
        let program = profile.join("examples").join(name);
        if !is_fresh(&program) {
            let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
            cargo.args(["build", "--package", package, "--example", name]);
            // Remove the variables that `cargo test` sets for this package, because they would make
            // build scripts run again.
            for (name, _) in std::env::vars_os() {
                let text = name.to_string_lossy();
                if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                    cargo.env_remove(&name);
                }
            }
            cargo.args(profile.ends_with("release").then_some("--release"));
            cargo.arg("--target-dir").arg(profile.join(".."));
            assert!(cargo.status().is_ok_and(|status| status.success()));
        }
        program
    }

    /// Returns a command that runs the example. The password is `secret`.
    pub fn into(self, maildir: impl AsRef<Path>) -> Command {
        let mut command = Command::new(self.program());
        command.arg("--maildir").arg(maildir.as_ref());
        quietly(&mut command);
        command
    }

    /// Like [`into`](Self::into), with the option `--delete`.
    pub(crate) fn deleting_into(self, maildir: impl AsRef<Path>) -> Command {
        let mut command = self.into(maildir);
        command.arg("--delete");
        command
    }
}

/// Returns whether a program is newer than its sources, which Cargo lists in a file next to it. Do
/// not leave this to Cargo: it would rebuild the program with other features if the whole workspace
/// is tested.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let Ok(built) = changed(program) else {
        return false;
    };
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else {
        return false;
    };
    // `program: source source ...`, where a space in a name follows a backslash.
    let list = list.replace("\\ ", "\0");
    let mut sources = list.split_whitespace().skip(1);
    sources.all(|source| {
        let source = source.replace('\0', " ");
        changed(Path::new(&source)).is_ok_and(|changed| changed <= built)
    })
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Asserts that the run succeeded, and returns the last line.
    #[track_caller]
    pub fn success(&self) -> &str {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        self.stdout.lines().last().expect("a last line")
    }

    /// Asserts that the run failed with one line on stderr, and returns that line without its
    /// prefix.
    #[track_caller]
    pub fn failure(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:?}");
        let line = self.stderr.strip_suffix('\n').expect("a line");
        assert!(!line.contains(|c: char| c.is_control()), "{self:?}");
        line.strip_prefix("fetch: ").expect("its name")
    }
}

/// Returns a command that runs the example. The password is `secret`.
pub fn fetch(maildir: impl AsRef<Path>) -> Command {
    FETCH.into(maildir)
}

/// Returns a command that runs `fetch` without arguments, in this folder.
pub fn fetch_in(folder: &Path) -> Command {
    let mut command = Command::new(FETCH.program());
    command.current_dir(folder);
    quietly(&mut command);
    command
}

/// Like [`fetch`], but a shell runs `setup` first and then starts the program.
pub fn fetch_by_shell(setup: &str, maildir: impl AsRef<Path>) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{setup} exec \"$0\" \"$@\""));
    command
        .arg(FETCH.program())
        .arg("--maildir")
        .arg(maildir.as_ref());
    quietly(&mut command);
    command
}

fn quietly(command: &mut Command) {
    command.env("POP3_PASSWORD", "secret").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
}

/// Runs the command with additional arguments, to its end.
pub fn run<A: AsRef<str>>(mut command: Command, arguments: &[A]) -> Outcome {
    command.args(arguments.iter().map(AsRef::as_ref));
    finish(command.spawn().expect("start fetch"))
}

/// Waits for the end of a run.
pub fn finish(mut child: Child) -> Outcome {
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("state of fetch") {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().expect("kill fetch");
        }
        thread::sleep(Duration::from_millis(2));
    };
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let _ = child
        .stdout
        .take()
        .map(|mut pipe| pipe.read_to_string(&mut stdout));
    let _ = child
        .stderr
        .take()
        .map(|mut pipe| pipe.read_to_string(&mut stderr));
    let code = status.code();
    Outcome {
        code,
        stdout,
        stderr,
    }
}

/// Waits until a Maildir contains this many messages.
pub fn wait_for(messages: usize, maildir: &Path) {
    for _ in 0..30_000 {
        let new = fs::read_dir(maildir.join("new"));
        if new.is_ok_and(|new| new.count() >= messages) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("{messages} messages do not arrive");
}

/// Returns the octets of all messages in a Maildir, sorted, with CRLF as on the server.
pub fn stored(maildir: &Path) -> Vec<Vec<u8>> {
    let mut messages: Vec<_> = fs::read_dir(maildir.join("new"))
        .expect("new")
        .map(|entry| fs::read(entry.expect("entry").path()).expect("read a message"))
        .collect();
    messages.sort();
    messages
}

/// Converts messages to the form that [`stored`] returns.
pub fn as_stored<M: AsRef<[u8]>>(messages: impl IntoIterator<Item = M>) -> Vec<Vec<u8>> {
    let local = |message: M| {
        let mut local = Vec::new();
        for line in message.as_ref().split_inclusive(|&octet| octet == b'\n') {
            match line.strip_suffix(b"\r\n") {
                Some(line) => local.extend_from_slice(&[line, b"\n"].concat()),
                None => local.extend_from_slice(line),
            }
        }
        local
    };
    let mut messages: Vec<_> = messages.into_iter().map(local).collect();
    messages.sort();
    messages
}
