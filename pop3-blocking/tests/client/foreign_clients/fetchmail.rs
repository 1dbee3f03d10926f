//! fetchmail. It pipes each message to a program, with LF line ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::mailbox::{Channel, Mailbox, with_lf};
use super::{is_installed, succeed};

#[test]
fn fetchmail_fetches_and_deletes_all_mail() {
    if !is_installed("fetchmail", "fetchmail release") {
        return;
    }
    for channel in Channel::ALL {
        for delete in [false, true] {
            let mailbox = Mailbox::start(channel, []);
            let tls = match channel {
                Channel::Cleartext => "sslproto ''".to_owned(),
                Channel::Stls => "sslproto 'TLS1.2+' sslcertck".to_owned(),
                Channel::Tls => "ssl sslcertck".to_owned(),
            };
            let settings = format!(
                "set no bouncemail\n\
                 set invisible\n\
                 poll localhost protocol POP3 port {} auth password uidl\n\
                 user alice password secret {tls} sslcertfile {}\n\
                 fetchall no rewrite {} mda \"cat > $(mktemp {}/XXXXXXXX)\"\n",
                mailbox.port(),
                mailbox.authority(),
                if delete { "no keep" } else { "keep" },
                mailbox.path("mail")
            );
            let file = mailbox.path("fetchmailrc");
            fs::write(&file, settings).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            let mut command = Command::new("fetchmail");
            command
                .env("HOME", mailbox.path(""))
                .env("FETCHMAILHOME", mailbox.path(""));
            command.args(["--fetchmailrc", &file, "--nodetach", "--silent"]);
            command.args(["--pidfile", &mailbox.path("pid")]);
            succeed(&mut command);
            mailbox.assert_fetched(&mailbox.delivered(), with_lf);
            mailbox.assert_deleted(delete);
        }
    }
}
