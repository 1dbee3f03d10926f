//! The getters of both clients and of their messages.

/// Implements the getters on the `Client` of the calling module, whose engine is
/// `self.driver.engine`.
macro_rules! getters {
    () => {
        /// Getters, which send nothing to the server.
        impl<T> Client<T> {
            /// Returns the phase of the session.
            pub fn phase(&self) -> crate::phase::Phase {
                self.connection().phase()
            }

            /// Returns the server's greeting. `None` after STLS, because the greeting was received
            /// in cleartext and may be forged.
            pub fn greeting(&self) -> Option<&crate::reply::Greeting> {
                self.connection().greeting()
            }

            /// Returns the capabilities, if the server was asked for them; STLS discards them. To
            /// request them, call [`capa`](Self::capa).
            pub fn capabilities(&self) -> Option<&crate::capability::Capabilities> {
                self.connection().capabilities()
            }

            /// Returns whether the server has accepted [`Utf8`](crate::command::Utf8) on this
            /// channel.
            pub fn utf8_mode(&self) -> bool {
                self.connection().utf8_mode()
            }

            /// Returns the tag of the language that the server uses for its texts on this channel.
            /// `None` unless the server has confirmed one in a reply to
            /// [`set_lang`](Self::set_lang).
            pub fn language(&self) -> Option<&str> {
                self.connection().language()
            }

            /// Returns the result of the TLS handshake; `None` if the connection is in cleartext.
            pub fn tls(&self) -> Option<&crate::channel::TlsInfo> {
                self.connection().tls()
            }

            /// Returns the configuration.
            pub fn config(&self) -> &crate::config::Config {
                self.connection().config()
            }

            /// Returns the fatal error, if there was one. Every later operation returns the same
            /// error.
            pub fn error(&self) -> Option<&crate::error::Error> {
                self.connection().error()
            }

            /// Returns whether a program should try again after this error of the session, and the
            /// minimum delay. The result is that of [`Error::retry`](crate::Error::retry), with one
            /// addition: the delay is at least the `LOGIN-DELAY` that the server advertised, if the
            /// session was logged in.
            pub fn retry(&self, error: &crate::error::Error) -> crate::error::Retry {
                self.connection().retry(error)
            }

            /// Returns the plan of the last login: the method that it chose, and why it rejected
            /// the others. `None` if no login got that far.
            pub fn login_plan(&self) -> Option<&crate::login_plan::LoginPlan> {
                self.connection().login_plan()
            }

            /// Returns what a login would do if it were submitted now, as far as the client can
            /// know it. For a complete plan, call [`capa`](Self::capa) first, and again after
            /// [`start_tls`](Self::start_tls).
            pub fn plan_login(&self, login: &crate::login::Login) -> crate::login_plan::LoginPlan {
                self.connection().plan_login(login)
            }

            /// Returns the deviations from the RFCs that were tolerated so far, each once.
            pub fn quirks(&self) -> &[crate::quirk::Quirk] {
                self.driver.engine.quirks()
            }

            /// Returns how much was sent and received so far, and how it was done. It is not
            /// called `stats`, because [`stat`](Self::stat) is a command.
            pub fn statistics(&self) -> crate::observe::Statistics {
                self.connection().statistics()
            }

            /// Returns the transport, for example to read its address or to set options. Reading
            /// from it or writing to it breaks the session.
            pub fn transport(&self) -> &T {
                &self.driver.transport
            }

            /// Ends the client and returns its transport, which stays open. Outstanding replies may
            /// still arrive on it, and TLS cannot be continued. Nothing is deleted.
            pub fn into_transport(self) -> T {
                self.driver.transport
            }

            /// Returns the state machine, for the getters that the client does not have itself.
            pub fn connection(&self) -> &crate::connection::Connection {
                self.driver.engine.connection()
            }
        }
    };
}
pub(crate) use getters;

/// Implements the getters on the `Message` of the calling module, whose [`Body`](super::body::Body)
/// is `self.body`.
macro_rules! message_getters {
    () => {
        /// Getters: what is known about the message so far.
        impl<T> Message<'_, T> {
            /// Returns the number of the message, if the command was about one message.
            pub fn number(&self) -> Option<crate::types::MessageNumber> {
                self.body.head().number
            }

            /// Returns the status line. Its text often contains a size; do not rely on it.
            pub fn status(&self) -> &crate::status::Status {
                &self.body.head().status
            }

            /// Returns the size of the message, compared with the sizes that the server stated.
            /// `None` until the message is read to its end.
            pub fn received(&self) -> Option<&crate::received::Received> {
                self.body.received()
            }
        }
    };
}
pub(crate) use message_getters;
