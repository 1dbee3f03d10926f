//! The client's method for each command of POP3.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Client, Message, Transport};
use crate::capability::Capabilities;
use crate::command::{
    AuthMechanisms, Capa, Dele, Lang, List, ListOne, Noop, Quit, Retr, Rset, SetLang, StartTls,
    Stat, Top, Uidl, UidlOne, Utf8,
};
use crate::confirm::Confirm;
use crate::engine::LoginProgress;
use crate::error::{AuthError, Error};
use crate::listing::{Listing, ScanEntry, UidEntry, UidListing};
use crate::login::Login;
use crate::reply::{Confirmed, Language, Languages, MailboxStat, Mechanisms, QuitOutcome};
use crate::secret::Secret;
use crate::status::Status;
use crate::types::MessageNumber;

/// The commands of POP3.
impl<T: Transport> Client<T> {
    /// Logs in; see [`Login`] for the login methods and the credentials.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the login failed. [`Error::advice`] then says what the user can do, and
    /// the connection can be used for another attempt.
    /// [`Misuse::TokenOnRequest`](crate::error::Misuse::TokenOnRequest) if the login needs
    /// [`login_with`](Client::login_with). [`Error::Security`] and [`Error::Tls`] are fatal.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the next operation completes a login that has started. The session
    /// may then be logged in. To learn the result, [`submit`](Client::submit) the login and
    /// [`wait`](Client::wait) for it: its ticket stays valid.
    pub async fn login(&mut self, login: Login) -> Result<Status, Error> {
        self.call(login).await
    }

    /// Logs in with a bearer token that the async function `provide` returns when it is needed; see
    /// [`Login::bearer_on_request`].
    ///
    /// `provide` gets `None` for the first token. If the server refuses it as invalid or expired,
    /// `provide` is called once more and gets the refusal. It is not called if no login method can
    /// use a token, or if the login has other credentials. If `provide` fails, the text of its
    /// error is kept in [`AuthError::NoToken`](crate::error::AuthError::NoToken), so it must not
    /// contain a secret.
    ///
    /// An async closure can read the variables that it captures. To change them, pass a closure
    /// that returns an `async move` block.
    ///
    /// No timeouts of this crate apply while `provide` runs. The server may close the connection in
    /// the meantime: RFC 1939 allows that after ten minutes.
    ///
    /// ```
    /// use pop3_proto::client::{Client, Transport};
    /// use pop3_proto::{Login, Secret, error::AuthError};
    ///
    /// # struct Tokens;
    /// # impl Tokens {
    /// #     async fn cached(&self) -> std::io::Result<String> { Ok("ya29".into()) }
    /// #     async fn refreshed(&self) -> std::io::Result<String> { Ok("ya30".into()) }
    /// # }
    /// # async fn log_in<T: Transport>(
    /// #     client: &mut Client<T>,
    /// #     tokens: &Tokens,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let token = async |refused: Option<AuthError>| -> Result<Secret, Box<dyn std::error::Error>> {
    ///     let token = match refused {
    ///         None => tokens.cached().await?,
    ///         Some(_) => tokens.refreshed().await?,
    ///     };
    ///     Ok(Secret::new(token)?)
    /// };
    /// client.login_with(Login::bearer_on_request("joe")?, token).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Client::login`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::login`]. The future of `provide` is also dropped. The next operation then
    /// abandons the login: nothing more of it is sent. The same happens if `provide` panics.
    pub async fn login_with<E, F>(
        &mut self,
        login: Login,
        mut provide: impl FnMut(Option<AuthError>) -> F,
    ) -> Result<Status, Error>
    where
        E: fmt::Display,
        F: Future<Output = Result<Secret, E>>,
    {
        self.driver.begin();
        let ticket = self.driver.engine.submit_for_helper(login)?;
        loop {
            match self.wait_for(|engine| engine.poll_login(&ticket)).await {
                LoginProgress::Ended(result) => return result,
                LoginProgress::TokenWanted(refused) => {
                    let token = provide(refused.map(|error| *error)).await;
                    // Octets that the server sent in the meantime must not be mistaken for the
                    // reply to the command with the token.
                    self.driver.probe();
                    self.driver.engine.provide_token(&ticket, token);
                }
            }
        }
    }

    /// Starts TLS on a cleartext connection; see [`StartTls`]. A login does this automatically.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the server refuses; [`Error::Security`] and [`Error::Tls`] are fatal.
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::login`]: the next operation completes an upgrade that has started.
    pub async fn start_tls(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(StartTls).await
    }

    /// `CAPA`: asks the server for its capabilities, even if they are known.
    ///
    /// # Errors
    ///
    /// Only fatal errors. If the server does not support `CAPA`, the result is `None`.
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn capa(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(Capa).await
    }

    /// `AUTH` without a mechanism: asks a server that does not support `CAPA` for its SASL
    /// mechanisms.
    ///
    /// Some servers close the connection instead; see [`AuthMechanisms`].
    ///
    /// # Errors
    ///
    /// Fatal errors, and [`Misuse::Phase`](crate::error::Misuse::Phase) after a login. If the
    /// server does not support the command, the result is `None`.
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn auth_mechanisms(&mut self) -> Result<Option<Mechanisms>, Error> {
        self.call(AuthMechanisms).await
    }

    /// `UTF8`: asks the server to send messages with UTF-8 in their headers as they are; see
    /// [`Utf8`]. With [`Config::utf8`](crate::Config::utf8), a login does this automatically.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotAdvertised`](crate::error::Misuse::NotAdvertised) if the server does not
    /// advertise it, or was not asked: call [`capa`](Client::capa) first.
    /// [`Misuse::Phase`](crate::error::Misuse::Phase) after a login. Otherwise as for
    /// [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`]. If the command was sent, the server executes it.
    pub async fn utf8(&mut self) -> Result<Status, Error> {
        self.call(Utf8).await
    }

    /// `LANG`: returns the languages that the server supports for its texts.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotAdvertised`](crate::error::Misuse::NotAdvertised) if the server does not
    /// advertise it, or was not asked: call [`capa`](Client::capa) first. Otherwise as for
    /// [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn lang(&mut self) -> Result<Languages, Error> {
        self.call(Lang).await
    }

    /// `LANG` with an argument: selects the language of the server's texts, and returns the
    /// language that the server uses now. `range` is a tag such as `de` or `pt-BR`, or `*` for the
    /// language that the server prefers.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`](crate::error::Misuse::Argument) if `range` is none of these. Otherwise
    /// as for [`lang`](Client::lang).
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`]. If the command was sent, the server executes it.
    pub async fn set_lang(&mut self, range: &str) -> Result<Language, Error> {
        self.call(SetLang::new(range)?).await
    }

    /// `STAT`: returns the number of messages and their total size.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn stat(&mut self) -> Result<MailboxStat, Error> {
        self.call(Stat).await
    }

    /// `LIST`: returns the sizes of all messages.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn list(&mut self) -> Result<Listing, Error> {
        self.call(List).await
    }

    /// `LIST n`: returns the size of one message.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn list_one(&mut self, number: MessageNumber) -> Result<ScanEntry, Error> {
        self.call(ListOne(number)).await
    }

    /// `UIDL`: returns the unique-ids of all messages.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn uidl(&mut self) -> Result<UidListing, Error> {
        self.call(Uidl).await
    }

    /// `UIDL n`: returns the unique-id of one message.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn uidl_one(&mut self, number: MessageNumber) -> Result<UidEntry, Error> {
        self.call(UidlOne(number)).await
    }

    /// `RETR`: returns one message, to be read. For several messages, [`Client::retrieve`] saves
    /// round trips.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn retr(&mut self, number: MessageNumber) -> Result<Message<'_, T>, Error> {
        self.open(Retr(number)).await
    }

    /// `TOP`: returns the header of one message and `lines` lines of its body, to be read.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn top(
        &mut self,
        number: MessageNumber,
        lines: u32,
    ) -> Result<Message<'_, T>, Error> {
        self.open(Top { number, lines }).await
    }

    /// `RETR`: reads a message of at most `max` octets into memory.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`] and [`Message::to_vec`]. A message of more than `max` octets ends
    /// the connection.
    ///
    /// # Cancel safety
    ///
    /// As for [`Message::to_vec`].
    pub async fn retr_to_vec(
        &mut self,
        number: MessageNumber,
        max: usize,
    ) -> Result<Vec<u8>, Error> {
        self.retr(number).await?.to_vec(max).await
    }

    /// Confirms that all messages read to their end since the last confirmation are what the server
    /// meant to send. The client sends random questions whose answers it already knows, and
    /// compares the answers. **Do not delete a message that is not confirmed**; see [`Confirm`] for
    /// the reasons, the requirements and the guarantees.
    ///
    /// This takes one round trip if the server supports pipelining, otherwise one for each of the
    /// [`Confirm::QUESTIONS`] questions.
    ///
    /// # Errors
    ///
    /// [`Error::Unconfirmed`] if no question could be asked, or if the answers are wrong. If they
    /// are wrong, the connection is closed, and none of the messages may be trusted. After any
    /// other error the messages are not confirmed either.
    /// [`Misuse::NoSeed`](crate::error::Misuse::NoSeed) if the connection was not seeded.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing is confirmed. The next operation discards the answers.
    pub async fn confirm(&mut self) -> Result<Confirmed, Error> {
        self.call(Confirm::new()).await
    }

    /// `DELE`: marks a message as deleted.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// If the command was sent, the server executes it. Its reply is discarded.
    pub async fn dele(&mut self, number: MessageNumber) -> Result<Status, Error> {
        self.call(Dele(number)).await
    }

    /// `RSET`: removes all deletion marks.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// If the command was sent, the server executes it. Its reply is discarded.
    pub async fn rset(&mut self) -> Result<Status, Error> {
        self.call(Rset).await
    }

    /// `NOOP`: checks that the server still answers.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn noop(&mut self) -> Result<Status, Error> {
        self.call(Noop).await
    }

    /// `NOOP`, if the session is logged in and no octet was sent or received for at least `idle`.
    /// Returns whether it was sent. Otherwise nothing is sent, read or abandoned.
    ///
    /// Servers close idle sessions: RFC 1939 section 3 allows that after ten minutes, and some do so
    /// after one. Call this between the steps of long local work:
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use pop3_proto::{Error, client::{Client, Transport}};
    /// # async fn example<T: Transport>(client: &mut Client<T>) -> Result<(), Error> {
    /// # fn index(message: &[u8]) {}
    /// # let messages: [Vec<u8>; 0] = [];
    /// for message in &messages {
    ///     index(message); // may take long
    ///     client.noop_if_idle(Duration::from_secs(30)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the work is a future, [`keep_alive`](Client::keep_alive) sends `NOOP` while it runs.
    ///
    /// # Errors
    ///
    /// Only fatal errors. A refusal of `NOOP` keeps the session open, too.
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn noop_if_idle(&mut self, idle: Duration) -> Result<bool, Error> {
        let now = self.driver.now();
        if !self.driver.engine.is_idle_for(idle, now) {
            return Ok(false);
        }
        match self.noop().await {
            Ok(_) | Err(Error::Refused(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// `QUIT`: ends the session and deletes the messages that were marked as deleted. The outcome
    /// says whether the server deleted them.
    ///
    /// # Errors
    ///
    /// The fatal error of a connection that ended before `QUIT` was sent. Nothing was deleted then,
    /// unless an earlier `QUIT` was sent and abandoned.
    ///
    /// # Cancel safety
    ///
    /// A `QUIT` that was sent cannot be cancelled. If the future is dropped, it is not known
    /// whether messages were deleted. To learn the outcome even then, [`submit`](Client::submit) a
    /// [`Quit`] and [`wait`](Client::wait) for it: its ticket stays valid.
    pub async fn quit(&mut self) -> Result<QuitOutcome, Error> {
        self.call(Quit).await
    }

    /// `RSET`, then `QUIT`: ends the session and deletes nothing, not even on servers that mark
    /// every retrieved message as deleted.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`]. `QUIT` is sent only if `RSET` succeeded.
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::quit`].
    pub async fn quit_keeping(&mut self) -> Result<QuitOutcome, Error> {
        self.rset().await?;
        self.quit().await
    }
}
