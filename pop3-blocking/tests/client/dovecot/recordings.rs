//! Recordings of sessions with Dovecot.

use pop3_blocking::record::Recorder;
use pop3_blocking::{Connector, connect_with, tls::Roots};
use pop3_testkit::dovecot::{Dovecot, Options};
use pop3_testkit::session::{WAYS, login};

use crate::recordings::{fetch, replays};

#[test]
fn dovecot_sessions_replay_without_dovecot() {
    let options = Options {
        mechanisms: "plain login".to_owned(),
        ..Options::default()
    };
    let Some(server) = Dovecot::start(options) else {
        return;
    };
    server.add_user("alice", "correct-Horse-7");
    let mail = [
        b"From: a@example.org\r\nSubject: one\r\n\r\nHello\r\n.a dot\r\n".to_vec(),
        b"From: b@example.org\r\nSubject: two\r\n\r\n".to_vec(),
    ];
    server.deliver("alice", &mail);
    for way in WAYS {
        let recorder = Recorder::new();
        let mut connector = Connector::default();
        connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
        connector.config = way.config();
        connector.record_with(&recorder);
        let client = connect_with(&way.endpoint(&server), &connector).unwrap();
        fetch(client, login("alice", "correct-Horse-7")).unwrap();
        let name = format!("dovecot-{way:?}").to_lowercase();
        let text = replays(&name, &recorder, None);
        for private in ["correct-Horse-7", "alice", "Hello"] {
            assert!(!text.contains(private), "{private}\n{text}");
        }
    }
}
