//! Any octets as the answer to a command, or as a greeting: never a panic, and the same events
//! however the octets are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::{connection, feed};
use pop3_proto::{
    Capa, Connection, Dele, List, ListOne, Login, MessageNumber, Quit, Raw, Retr, Secret, Stat,
    Uidl, UidlOne, Username,
};

/// A session in which one command waits for its reply. With more, what may come together would
/// depend on what was sent before.
fn session(strict: bool, command: u8) -> Connection {
    let mut connection = connection(strict);
    let one = MessageNumber::FIRST;
    let Some(command) = (command % 12).checked_sub(1) else {
        return connection;
    };
    connection
        .submit(Login::password(
            Username::new("u").unwrap(),
            Secret::new("p").unwrap(),
        ))
        .unwrap();
    for line in ["+OK hi\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"] {
        let _ = feed(&mut connection, line.as_bytes(), usize::MAX);
    }
    match command {
        0 => connection.submit(Capa).map(drop),
        1 => connection.submit(Stat).map(drop),
        2 => connection.submit(List).map(drop),
        3 => connection.submit(ListOne(one)).map(drop),
        4 => connection.submit(Uidl).map(drop),
        5 => connection.submit(UidlOne(one)).map(drop),
        6 | 7 => connection.submit(Retr(one)).map(drop),
        8 => connection.submit(Dele(one)).map(drop),
        9 => connection.submit(Raw::long("XTND LOG").unwrap()).map(drop),
        _ => connection.submit(Quit).map(drop),
    }
    .unwrap();
    connection
}

fuzz_target!(|input: (bool, u8, u8, &[u8])| {
    let (strict, command, piece, octets) = input;
    let mut whole = session(strict, command);
    let mut cut = session(strict, command);
    let expected = feed(&mut whole, octets, usize::MAX);
    assert_eq!(expected, feed(&mut cut, octets, piece.into()));
    whole.handle_eof(pop3_fuzz::NOW);
    cut.handle_eof(pop3_fuzz::NOW);
    assert_eq!(feed(&mut whole, b"", 1), feed(&mut cut, b"", 1));
});
