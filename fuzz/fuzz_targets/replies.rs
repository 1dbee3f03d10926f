//! Any octets as the server's side of a session: never a panic, and the same events however the
//! octets are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::{connection, feed};
use pop3_proto::{
    Capa, Connection, Dele, List, ListOne, Login, MessageNumber, Quit, Raw, Retr, Secret, Stat, Top, Uidl, UidlOne,
    Username,
};

/// One of each command, so that every reply parser has its turn.
fn session(strict: bool) -> Connection {
    let mut connection = connection(strict);
    let one = MessageNumber::FIRST;
    let login = Login::password(Username::new("u").unwrap(), Secret::new("p").unwrap());
    connection.submit(login).unwrap();
    connection.submit(Capa).unwrap();
    connection.submit(Stat).unwrap();
    connection.submit(List).unwrap();
    connection.submit(ListOne(one)).unwrap();
    connection.submit(Uidl).unwrap();
    connection.submit(UidlOne(one)).unwrap();
    connection.submit(Retr(one)).unwrap();
    connection.submit(Retr(one)).unwrap();
    connection.submit(Top { number: one, lines: 3 }).unwrap();
    connection.submit(Dele(one)).unwrap();
    connection.submit(Raw::long("XTND LOG").unwrap()).unwrap();
    connection.submit(Quit).unwrap();
    connection
}

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (strict, piece, octets) = input;
    // Behind a session that has begun well, since few inputs begin with a greeting.
    let begin = b"+OK hi\r\n+OK\r\nPIPELINING\r\n.\r\n+OK\r\n+OK\r\n".as_slice();
    for prefix in [b"".as_slice(), begin] {
        let octets = [prefix, octets].concat();
        let whole = feed(&mut session(strict), &octets, usize::MAX);
        let cut = feed(&mut session(strict), &octets, piece.into());
        assert_eq!(whole, cut);
    }
});
