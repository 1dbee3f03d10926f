//! A server with three messages that answers some commands differently.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

/// The commands that a server received, in all sessions, as Latin-1.
type Commands = Arc<Mutex<Vec<String>>>;

/// A server on 127.0.0.1, without TLS. It runs until the test program ends.
#[derive(Debug)]
pub struct Script {
    port: u16,
    commands: Commands,
}

impl Script {
    /// Starts a server with these answers to some commands. A command that ends in ` *` matches
    /// any arguments. An empty answer closes the connection.
    pub fn start(answers: &[(&str, &str)]) -> Self {
        let own = |text: &str| text.to_owned();
        let answers: Vec<_> = answers
            .iter()
            .map(|(command, answer)| (own(command), own(answer)))
            .collect();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
        let port = listener.local_addr().expect("own address").port();
        let commands = Commands::default();
        let log = Arc::clone(&commands);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Ignore the error: a client that disconnects must not stop the server.
                let _ = session(stream.expect("a connection"), &answers, &log);
            }
        });
        Self { port, commands }
    }

    /// Returns the URL of a user.
    pub fn url(&self) -> String {
        format!("pop3://joe@127.0.0.1:{}", self.port)
    }

    /// Returns the commands that it received, in all sessions, as Latin-1.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().expect("no panic").clone()
    }
}

/// Starts a [`Script`], and returns the URL of a user.
pub fn script(answers: &[(&str, &str)]) -> String {
    Script::start(answers).url()
}

/// Answers the commands of one session like a [`Script`], over any stream.
///
/// # Errors
///
/// Those of the stream.
pub fn serve(stream: impl Read + Write, answers: &[(&str, &str)]) -> io::Result<()> {
    session(stream, answers, &Commands::default())
}

fn session<A: AsRef<str>>(
    mut stream: impl Read + Write,
    answers: &[(A, A)],
    log: &Commands,
) -> io::Result<()> {
    stream.write_all(b"+OK ready\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let octets = line.strip_suffix(b"\r\n").unwrap_or(&line);
        let command: String = octets.iter().copied().map(char::from).collect();
        line.clear();
        log.lock().expect("no panic").push(command.clone());
        let answer = answer(&command, answers);
        if answer.is_empty() {
            return Ok(());
        }
        reader.get_mut().write_all(answer.as_bytes())?;
        reader.get_mut().flush()?;
        if command == "QUIT" {
            return Ok(());
        }
    }
    Ok(())
}

fn answer<A: AsRef<str>>(command: &str, answers: &[(A, A)]) -> String {
    let mut words = command.split(' ');
    let (verb, number) = (words.next().unwrap_or_default(), words.next());
    let matches = |pattern: &str| match pattern.strip_suffix(" *") {
        Some(wanted) => wanted == verb,
        None => pattern == command,
    };
    let own = answers
        .iter()
        .find(|(pattern, _)| matches(pattern.as_ref()));
    if let Some((_, answer)) = own {
        return answer.as_ref().to_owned();
    }
    match (verb, number) {
        ("CAPA", _) => "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n".to_owned(),
        ("STAT", _) => {
            let listing = answer("LIST", answers);
            let sizes = listing
                .lines()
                .filter_map(|line| line.split_once(' ')?.1.parse::<u64>().ok());
            let sizes: Vec<_> = sizes.collect();
            format!("+OK {} {}\r\n", sizes.len(), sizes.iter().sum::<u64>())
        }
        ("LIST", None) => "+OK\r\n1 8\r\n2 8\r\n3 8\r\n.\r\n".to_owned(),
        ("UIDL", None) => "+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n".to_owned(),
        ("LIST" | "UIDL", Some(number)) => entry(&answer(verb, answers), number),
        ("RETR", Some(number)) => format!("+OK\r\nmail {number}\r\n.\r\n"),
        ("TOP", Some(number)) => header(&answer(&format!("RETR {number}"), answers)),
        _ => "+OK\r\n".to_owned(),
    }
}

/// Returns the reply to a command about one message, from the reply about all.
pub fn entry(listing: &str, number: &str) -> String {
    let mut lines = listing.lines().skip(1);
    let entry = lines.find(|line| line.split(' ').next() == Some(number));
    match entry {
        Some(entry) => format!("+OK {entry}\r\n"),
        None => "-ERR no such message\r\n".to_owned(),
    }
}

/// Returns the reply to `TOP n 0`, from the reply to `RETR n`.
pub fn header(message: &str) -> String {
    match message.split_once("\r\n\r\n") {
        Some((header, _)) => format!("{header}\r\n\r\n.\r\n"),
        None => message.to_owned(),
    }
}
