//! getmail6. It pipes each message to a program, with LF line ends, because it refuses to write to a
//! Maildir as root, and adds a Return-Path. It does not support STLS.

use std::fs;
use std::process::Command;

use super::mailbox::{Channel, Mailbox, longer_line, with_lf};
use super::{is_installed, succeed};

#[test]
fn getmail_fetches_and_deletes_all_mail() {
    if !is_installed("getmail", "getmail 6") {
        return;
    }
    for channel in [Channel::Cleartext, Channel::Tls] {
        for delete in [false, true] {
            let mailbox = Mailbox::start(channel, [longer_line()]);
            let retriever = match channel {
                Channel::Tls => format!(
                    "type = SimplePOP3SSLRetriever\nca_certs = {}",
                    mailbox.authority()
                ),
                _ => "type = SimplePOP3Retriever".to_owned(),
            };
            let settings = format!(
                "[retriever]\n{retriever}\nserver = localhost\nport = {}\n\
                 username = alice\npassword = secret\n\
                 [destination]\ntype = MDA_external\npath = /bin/sh\n\
                 arguments = ('-c', 'cat > $(mktemp {}/XXXXXXXX)')\n\
                 allow_root_commands = true\n\
                 [options]\nread_all = true\ndelete = {delete}\nverbose = 0\n\
                 delivered_to = false\nreceived = false\n",
                mailbox.port(),
                mailbox.path("mail"),
            );
            fs::write(mailbox.path("getmailrc"), settings).unwrap();
            let mut command = Command::new("getmail");
            command.env("HOME", mailbox.path(""));
            command.args(["--getmaildir", &mailbox.path(""), "--rcfile", "getmailrc"]);
            succeed(&mut command);
            mailbox.assert_fetched(&mailbox.delivered(), |sent| {
                [b"Return-Path: <unknown>\n", &with_lf(sent)[..]].concat()
            });
            mailbox.assert_deleted(delete);
        }
    }
}
