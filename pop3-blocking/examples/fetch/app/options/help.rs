//! The text for `--help`.

/// The text for `--help`.
pub(crate) const HELP: &str = "\
Fetches the messages of POP3 mailboxes into a Maildir, each message only once.

Usage: fetch [OPTIONS] [URL]...

  URL              pop3s://user@host[:port]  TLS from the start (port 995)
                   pop3://user@host[:port]   TLS after STLS (port 110)
                   Without a URL: a sample mailbox on an embedded server.
                   With several URLs, the failure of one does not stop the others

What to fetch (SIZE is a number of octets, or such as 500K, 10M, 2G):
  --maildir DIR    store the messages in this directory (default: ./mail)
  --limit N        fetch at most N messages in a run
  --max-size SIZE  do not fetch larger messages
  --headers-above SIZE
                   of larger messages, fetch only the header
  --newest-first   fetch the newest messages first
  --adopt          fetch nothing: record all messages on the server as known
  --dry-run        print what would be fetched and deleted, and do neither

What to delete:
  --delete         delete each message from the server when it is safely stored
  --keep-days N    the same, but not before N days after the message was first seen

Connection:
  --ca FILE        trust only the certificates in this PEM file
  --pin SHA256     trust only a server whose public key (SubjectPublicKeyInfo) has
                   this SHA-256 digest, in hex or base64; its certificate may be
                   self-signed or expired; repeat the option for more keys
  --cert FILE      present the client certificate in this PEM file
  --key FILE       its private key (default: in the same file)
  --plaintext      with pop3://, do not use TLS: everyone on the network path can
                   read the password and the mail
  --timeout SEC    wait this long for the server, whatever it has to do
                   (default: 30 to 180 s, depending on the command)
  --retries N      connect again N times if a failure may be temporary (default: 0)
  --no-pipelining  wait for each reply before the next command: for servers that
                   advertise PIPELINING but close or stop responding when it is used
  --no-capa        do not ask for the server's capabilities: for servers that close
                   or stop responding after CAPA

Login:
  --auth NAME      use only this login method: SCRAM-SHA-512, SCRAM-SHA-256,
                   SCRAM-SHA-1 (or one of these with -PLUS), PLAIN, USER, LOGIN,
                   CRAM-MD5, APOP, OAUTHBEARER, XOAUTH2, EXTERNAL (needs --cert) or
                   ANONYMOUS; user;AUTH=NAME@host in the URL has the same effect.
                   Without it, the safest of SCRAM, PLAIN, USER and LOGIN that the
                   server offers is used
  --password-file FILE
                   read the password from this file
  --password-command CMD
                   read the password from the output of this shell command, which
                   can use $POP3_USER and $POP3_HOST
                   Both without the last line break. Without these options it is
                   read from the variable POP3_PASSWORD, or from the terminal. For
                   OAUTHBEARER and XOAUTH2 it is the token

Program:
  --poll INTERVAL  fetch again after this time (30s, 5m, 1h), until Ctrl-C; after
                   failures later, and never again after a refused login
  --sysexits       exit with a code for the kind of failure, see below
  -v, --verbose    print the encryption and the login method, why the other methods
                   were not used, and how much each session has transferred
  -vv              also print each line that is sent (>) and received (<), with the
                   seconds since the connection began; passwords and the like are
                   replaced by <redacted>, and of messages only the size is shown
  --record FILE    record the first session in FILE, the next ones in FILE.2 and so
                   on, for a bug report: a transcript without passwords, user names
                   and the contents of messages; existing files are not overwritten
  --help           print this text

Ctrl-C ends the run after the current message; a second one ends it without waiting.

Exit code: 0 if everything was done, 130 after Ctrl-C, otherwise 1. With --sysexits:
  1   a part failed, such as some messages or one of several URLs
  64  the command line is wrong      74  a file cannot be read or written
  75  temporary failure, try later   76  the server violates the protocol
  77  no password, or login refused  78  settings, TLS or certificates
";
