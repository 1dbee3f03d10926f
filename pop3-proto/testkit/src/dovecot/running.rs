//! The processes of a server, until they are killed.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The processes and their ports, until a restart.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) master: Child,
    pub(super) plain_port: u16,
    pub(super) tls_port: u16,
}

impl Running {
    /// Starts the processes on ports that are free now.
    pub(super) fn start(
        program: &Path,
        dir: &Path,
        config: &str,
        step_down: Option<(u32, u32)>,
    ) -> Self {
        let [plain_port, tls_port] = free_ports();
        let config = config
            .replace("@PLAIN_PORT@", &plain_port.to_string())
            .replace("@TLS_PORT@", &tls_port.to_string());
        let path = dir.join("dovecot.conf");
        fs::write(&path, config).expect("write dovecot.conf");
        let log = File::options()
            .create(true)
            .append(true)
            .open(dir.join("log"));
        let log = log.expect("create the log");
        let error_log = log.try_clone().expect("the log twice");
        for file in [path, dir.join("log")] {
            give(&file, step_down);
        }

        // `-F` keeps the master in the foreground, as a child of the test process. It has its own
        // process group, so that all of its processes can be killed together.
        let mut command = Command::new(program);
        command.arg("-F").arg("-c").arg(dir.join("dovecot.conf"));
        command.current_dir(dir).process_group(0);
        command.stdin(Stdio::null()).stdout(log).stderr(error_log);
        if let Some((uid, gid)) = step_down {
            command.uid(uid).gid(gid);
        }
        Self {
            master: command.spawn().expect("start dovecot"),
            plain_port,
            tls_port,
        }
    }
}

/// Returns two ports that are free now.
fn free_ports() -> [u16; 2] {
    // Both are bound before either is released, so they differ.
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a free port");
    [listen(), listen()].map(|listener| listener.local_addr().expect("own address").port())
}

/// Makes the server the owner of a file that the test wrote.
pub(super) fn give(path: &Path, step_down: Option<(u32, u32)>) {
    if let Some((uid, gid)) = step_down {
        chown(path, Some(uid), Some(gid)).expect("change the owner of a file");
    }
}
