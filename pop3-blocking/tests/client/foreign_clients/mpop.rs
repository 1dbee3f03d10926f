//! mpop, which pipelines its commands. It stores LF line ends in a Maildir.

use std::process::Command;

use super::mailbox::{Channel, Mailbox, invalid_mail, with_lf};
use super::{is_installed, succeed};

#[test]
fn mpop_fetches_and_deletes_all_mail() {
    if !is_installed("mpop", "mpop version") {
        return;
    }
    for channel in Channel::ALL {
        for delete in [false, true] {
            let mailbox = Mailbox::start(channel, invalid_mail());
            for folder in ["cur", "new", "tmp"] {
                std::fs::create_dir(mailbox.path(&format!("mail/{folder}"))).unwrap();
            }
            let on = |yes: bool| if yes { "on" } else { "off" };
            let mut command = Command::new("mpop");
            command.env("HOME", mailbox.path(""));
            command.args(["--quiet", "--host=localhost", "--user=alice", "--auth=user"]);
            command.args(["--passwordeval=echo secret", "--received-header=off"]);
            command.arg(format!("--port={}", mailbox.port()));
            command.arg(format!("--tls={}", on(channel != Channel::Cleartext)));
            command.arg(format!("--tls-starttls={}", on(channel == Channel::Stls)));
            if channel != Channel::Cleartext {
                command.arg(format!("--tls-trust-file={}", mailbox.authority()));
            }
            command.arg(format!("--uidls-file={}", mailbox.path("uidls")));
            command.arg(format!("--delivery=maildir,{}", mailbox.path("mail")));
            command.arg(format!("--keep={}", on(!delete)));
            succeed(&mut command);
            mailbox.assert_fetched(&mailbox.delivered(), with_lf);
            mailbox.assert_deleted(delete);
        }
    }
}
