//! The getters of both clients and of their messages, written once.

/// Implements the getters on the `Client` of the module, which has its engine at `self.driver.engine`.
macro_rules! getters {
    () => {
        /// Getters: what is known without asking the server.
        impl<T> Client<T> {
            /// Returns the phase of the session.
            pub fn phase(&self) -> crate::phase::Phase {
                self.connection().phase()
            }

            /// Returns the server's greeting; `None` after STLS, since it came in cleartext and may be
            /// forged.
            pub fn greeting(&self) -> Option<&crate::reply::Greeting> {
                self.connection().greeting()
            }

            /// Returns the capabilities that the server advertised on this channel, if it was asked: STLS
            /// discards them. [`capa`](Self::capa) asks.
            pub fn capabilities(&self) -> Option<&crate::capability::Capabilities> {
                self.connection().capabilities()
            }

            /// Returns the result of the TLS handshake: `None` if the connection is in cleartext.
            pub fn tls(&self) -> Option<&crate::channel::TlsInfo> {
                self.connection().tls()
            }

            /// Returns how the connection behaves.
            pub fn config(&self) -> &crate::config::Config {
                self.connection().config()
            }

            /// Returns the fatal error, if there was one. Every later operation returns the same.
            pub fn error(&self) -> Option<&crate::error::Error> {
                self.connection().error()
            }

            /// Returns whether another attempt is sensible after this error of the session, and how soon:
            /// as [`Error::retry`](crate::Error::retry), but not before the delay between two logins that
            /// the server advertised (`LOGIN-DELAY`).
            pub fn retry(&self, error: &crate::error::Error) -> crate::error::Retry {
                self.connection().retry(error)
            }

            /// Returns which login method the last login chose and why it rejected the others; `None` if
            /// no login got that far.
            pub fn login_plan(&self) -> Option<&crate::login_plan::LoginPlan> {
                self.connection().login_plan()
            }

            /// Returns which login method a login would choose now, as far as that is known: call
            /// [`capa`](Self::capa) before, and again after [`start_tls`](Self::start_tls).
            pub fn plan_login(&self, login: &crate::login::Login) -> crate::login_plan::LoginPlan {
                self.connection().plan_login(login)
            }

            /// Returns the deviations of the server so far, each once.
            pub fn quirks(&self) -> &[crate::quirk::Quirk] {
                self.driver.engine.quirks()
            }

            /// Returns the transport, for its addresses and options. Reading from it or writing to it breaks
            /// the session.
            pub fn transport(&self) -> &T {
                &self.driver.transport
            }

            /// Ends the client and returns its transport, which stays open: replies may still arrive on it,
            /// and TLS cannot be continued. Nothing is committed.
            pub fn into_transport(self) -> T {
                self.driver.transport
            }

            /// Returns the state machine, for the getters that a client does not have itself.
            pub fn connection(&self) -> &crate::connection::Connection {
                self.driver.engine.connection()
            }
        }
    };
}
pub(crate) use getters;

/// Implements the getters on the `Message` of the module, which has its [`Body`](super::body::Body) at
/// `self.body`.
macro_rules! message_getters {
    () => {
        /// Getters: what is known of the message so far.
        impl<T> Message<'_, T> {
            /// Returns the message's number, if the command was about one.
            pub fn number(&self) -> Option<crate::types::MessageNumber> {
                self.body.head().number
            }

            /// Returns the text after `+OK`. It often contains a size; do not rely on it.
            pub fn status(&self) -> &crate::status::Status {
                &self.body.head().status
            }

            /// Returns what was received, compared with the sizes that the server announced: `None` until
            /// the message is read to its end.
            pub fn received(&self) -> Option<&crate::received::Received> {
                self.body.received()
            }
        }
    };
}
pub(crate) use message_getters;
