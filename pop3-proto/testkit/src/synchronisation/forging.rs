//! A server that does not stuff dots (RFC 1939 section 3), so that the sender of a message can end it
//! early and forge the replies that follow.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pop3_proto::Endpoint;

/// A message of the server.
#[derive(Debug, Clone)]
pub struct Mail {
    pub id: String,
    /// What is sent after `+OK` in the reply to `RETR`, before the terminator.
    pub text: Vec<u8>,
}

/// The server. It serves one client at a time, until the process ends.
#[derive(Debug, Clone)]
pub struct Forging {
    port: u16,
    mail: Arc<Mutex<Vec<Mail>>>,
}

/// How the server behaves.
#[derive(Debug, Clone, Copy)]
struct Manner {
    pipelining: bool,
    /// How long it waits after the first line that is a single dot.
    pause: Duration,
}

impl Forging {
    pub fn start(mail: Vec<Mail>, pipelining: bool, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mail = Arc::new(Mutex::new(mail));
        let shared = mail.clone();
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                // A client that closes in the middle of a session is no failure of the server.
                let _ = serve(socket, &shared, Manner { pipelining, pause });
            }
        });
        Self { port, mail }
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::plain("127.0.0.1", Some(self.port))
    }

    /// Returns the messages that are left.
    pub fn left(&self) -> Vec<Mail> {
        self.mail.lock().unwrap().clone()
    }
}

fn serve(socket: TcpStream, mail: &Mutex<Vec<Mail>>, manner: Manner) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    let listed = mail.lock().unwrap().clone();
    let mut deleted = vec![false; listed.len()];
    let mut lines = BufReader::new(socket.try_clone()?).lines();
    let mut out = socket;
    out.write_all(b"+OK ready\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default();
        let number: Option<usize> = words.next().and_then(|word| word.parse().ok());
        let at = number.and_then(|number| number.checked_sub(1));
        let found = at.and_then(|at| listed.get(at).filter(|_| !deleted[at]));
        let listing = |value: &dyn Fn(&Mail) -> String| {
            let left = listed.iter().enumerate().filter(|(at, _)| !deleted[*at]);
            let lines = left.map(|(at, mail)| format!("{} {}\r\n", at + 1, value(mail)));
            format!("+OK\r\n{}.\r\n", lines.collect::<String>())
        };
        let size = |mail: &Mail| mail.text.len().to_string();
        let id = |mail: &Mail| mail.id.clone();
        let one = |value: &dyn Fn(&Mail) -> String| match (number, found) {
            (Some(number), Some(mail)) => format!("+OK {number} {}\r\n", value(mail)),
            _ => "-ERR no such message\r\n".to_owned(),
        };
        match (verb, number) {
            ("CAPA", _) => {
                let pipelining = if manner.pipelining {
                    "PIPELINING\r\n"
                } else {
                    ""
                };
                write!(out, "+OK\r\nUSER\r\nUIDL\r\nTOP\r\n{pipelining}.\r\n")?;
            }
            ("STAT", _) => {
                let octets: usize = listed.iter().map(|mail| mail.text.len()).sum();
                write!(out, "+OK {} {octets}\r\n", listed.len())?;
            }
            ("LIST", None) => out.write_all(listing(&size).as_bytes())?,
            ("UIDL", None) => out.write_all(listing(&id).as_bytes())?,
            ("LIST", Some(_)) => out.write_all(one(&size).as_bytes())?,
            ("UIDL", Some(_)) => out.write_all(one(&id).as_bytes())?,
            ("RETR" | "TOP", _) => match found {
                Some(mail) if verb == "RETR" => retr(&mut out, mail, manner.pause)?,
                Some(mail) => {
                    let header = mail.text.windows(4).position(|end| end == b"\r\n\r\n");
                    let header = &mail.text[..header.map_or(mail.text.len(), |end| end + 4)];
                    out.write_all(&[b"+OK\r\n", header, b".\r\n"].concat())?;
                }
                None => out.write_all(b"-ERR no such message\r\n")?,
            },
            ("DELE", _) => match at.filter(|_| found.is_some()) {
                Some(at) => {
                    deleted[at] = true;
                    out.write_all(b"+OK\r\n")?;
                }
                None => out.write_all(b"-ERR no such message\r\n")?,
            },
            ("QUIT", _) => {
                let gone = listed.iter().zip(&deleted).filter(|(_, gone)| **gone);
                let gone: Vec<_> = gone.map(|(mail, _)| mail.id.clone()).collect();
                mail.lock().unwrap().retain(|mail| !gone.contains(&mail.id));
                return out.write_all(b"+OK bye\r\n");
            }
            _ => out.write_all(b"+OK\r\n")?,
        }
    }
    Ok(())
}

/// Sends a message as it is, and pauses after the first line that is a single dot.
fn retr(out: &mut TcpStream, mail: &Mail, pause: Duration) -> std::io::Result<()> {
    let octets = [b"+OK\r\n", mail.text.as_slice(), b".\r\n"].concat();
    let end = octets.windows(5).position(|end| end == b"\r\n.\r\n");
    let (first, rest) = octets.split_at(end.map_or(octets.len(), |end| end + 5));
    out.write_all(first)?;
    if !rest.is_empty() {
        thread::sleep(pause);
        out.write_all(rest)?;
    }
    Ok(())
}
