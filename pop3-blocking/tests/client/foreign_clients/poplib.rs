//! Python's `poplib`.

use std::process::Command;

use super::curl::Scenario;
use super::mailbox::{Channel, Mailbox, invalid_mail};
use super::{is_installed, succeed};

/// All methods of `poplib`, on each channel and with each of its logins.
const POPLIB: &str = r#"
import poplib, ssl, sys
plain_port, tls_port, authority = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
trust = ssl.create_default_context(cafile=authority)

def plain():
    return poplib.POP3('localhost', plain_port, timeout=20)

def stls():
    client = plain()
    client.stls(context=trust)
    return client

def tls():
    return poplib.POP3_SSL('localhost', tls_port, context=trust, timeout=20)

def password(client, secret):
    client.user('alice')
    return client.pass_(secret)

def apop(client, secret):
    return client.apop('alice', secret)

for connect in plain, stls, tls:
    for login in password, apop:
        client = connect()
        try:
            login(client, 'wrong')
            raise AssertionError('a wrong password')
        except poplib.error_proto as error:
            assert b'[AUTH]' in error.args[0], error
        login(client, 'secret')
        assert 'PIPELINING' in client.capa()
        assert client.stat() == (2, 63)
        assert client.list()[1] == [b'1 34', b'2 29']
        assert client.list(2) == b'+OK 2 29'
        assert client.uidl()[1] == [b'1 uid-1', b'2 uid-2']
        assert client.uidl(1) == b'+OK 1 uid-1'
        assert client.retr(1)[1] == [b'Subject: one', b'', b'.dot', b'..two', b'end']
        assert client.top(1, 1)[1] == [b'Subject: one', b'', b'.dot']
        client.noop()
        client.dele(1)
        client.rset()
        assert client.stat() == (2, 63)
        assert client.quit() == b'+OK bye'
print('done')
"#;

#[test]
fn poplib_methods_work_on_every_channel() {
    if !is_installed("python3", "Python 3") {
        return;
    }
    let scenario = Scenario::new();
    let ports =
        [scenario.server.plain(), scenario.server.implicit_tls()].map(|at| at.port().to_string());
    let output = Command::new("python3")
        .args(["-c", POPLIB])
        .args(ports)
        .arg(scenario.authority.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "done\n",
        "{output:?}"
    );
    assert_eq!(scenario.server.maildrop().len(), 2);
}

/// Writes each message to a file, line by line, and deletes it if the last argument says so.
const FETCH: &str = r#"
import poplib, ssl, sys
channel, port, authority, folder, delete = sys.argv[1:]
# The default of 2048 octets is too short for mail.
poplib._MAXLINE = 1 << 20
trust = ssl.create_default_context(cafile=authority)
if channel == 'tls':
    client = poplib.POP3_SSL('localhost', int(port), context=trust, timeout=20)
else:
    client = poplib.POP3('localhost', int(port), timeout=20)
if channel == 'stls':
    client.stls(context=trust)
client.user('alice')
client.pass_('secret')
for line in client.list()[1]:
    number = int(line.split()[0])
    lines = client.retr(number)[1]
    with open('%s/%d' % (folder, number), 'wb') as file:
        file.write(b''.join(line + b'\r\n' for line in lines))
    if delete == 'delete':
        client.dele(number)
client.quit()
"#;

#[test]
fn poplib_fetches_and_deletes_all_mail() {
    if !is_installed("python3", "Python 3") {
        return;
    }
    for channel in Channel::ALL {
        for delete in [false, true] {
            let mailbox = Mailbox::start(channel, invalid_mail());
            let mut command = Command::new("python3");
            command.args(["-c", FETCH, channel.name(), &mailbox.port()]);
            command.args([&mailbox.authority(), &mailbox.path("mail")]);
            command.arg(if delete { "delete" } else { "keep" });
            succeed(&mut command);
            mailbox.assert_fetched(&mailbox.delivered(), |sent| sent.to_vec());
            mailbox.assert_deleted(delete);
        }
    }
}
