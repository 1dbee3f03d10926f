//! The text for `--help`.

/// The text for `--help`.
pub(crate) const HELP: &str = "\
Fetches the messages of a POP3 mailbox into a Maildir, each message only once.

Usage: fetch [OPTIONS] [URL]

  URL              pop3s://user@host[:port]  TLS from the start (port 995)
                   pop3://user@host[:port]   TLS after STLS (port 110)
                   Without a URL: a sample mailbox on an embedded server

Mail:
  --maildir DIR    store the messages in this directory (default: ./mail)
  --delete         delete each message from the server when it is safely stored

Connection:
  --ca FILE        trust only the certificates in this PEM file
  --pin SHA256     trust only a server whose public key (SubjectPublicKeyInfo) has
                   this SHA-256 digest, in hex or base64; its certificate may be
                   self-signed or expired; repeat the option for more keys
  --cert FILE      log in to TLS with the client certificate in this PEM file
  --key FILE       its private key (default: in the same file)
  --plaintext      with pop3://, do not use TLS: everyone on the network path can
                   read the password and the mail
  --timeout SEC    wait this long for the server, whatever it has to do
                   (default: 30 to 180 s, depending on the command)
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
                   OAUTHBEARER and XOAUTH2 it is the token.

  -v, --verbose    print the encryption and the login method, and why the other
                   methods were not used
  --help           print this text
";
