//! The getters of both clients, written once.

/// Implements the getters on the `Client` of the module, which has its engine at `self.driver.engine`.
macro_rules! getters {
    () => {
        /// Getters: what is known without asking the server.
        impl<T> Client<T> {
            /// Returns the phase of the session.
            pub fn phase(&self) -> crate::Phase {
                self.connection().phase()
            }

            /// Returns the server's greeting; `None` after STLS, since it came in cleartext and may be
            /// forged.
            pub fn greeting(&self) -> Option<&crate::Greeting> {
                self.connection().greeting()
            }

            /// Returns the capabilities that the server advertised on this channel, if it was asked: STLS
            /// discards them. [`capabilities`](Self::capabilities) asks.
            pub fn known_capabilities(&self) -> Option<&crate::Capabilities> {
                self.connection().capabilities()
            }

            /// Returns the result of the TLS handshake: `None` if the connection is in cleartext.
            pub fn tls(&self) -> Option<&crate::TlsInfo> {
                self.connection().tls()
            }

            /// Returns how the connection behaves.
            pub fn config(&self) -> &crate::Config {
                self.connection().config()
            }

            /// Returns the fatal error, if there was one. Every later operation returns the same.
            pub fn error(&self) -> Option<&crate::Error> {
                self.connection().error()
            }

            /// Returns whether another attempt is sensible after this error of the session, and how soon:
            /// as [`Error::retry`](crate::Error::retry), but not before the delay between two logins that
            /// the server advertised (`LOGIN-DELAY`).
            pub fn retry(&self, error: &crate::Error) -> crate::Retry {
                self.connection().retry(error)
            }

            /// Returns which login method the last login chose and why it rejected the others; `None` if
            /// no login got that far.
            pub fn login_plan(&self) -> Option<&crate::LoginPlan> {
                self.connection().login_plan()
            }

            /// Returns which login method a login would choose now, as far as that is known: call
            /// [`capabilities`](Self::capabilities) before, and again after
            /// [`start_tls`](Self::start_tls).
            pub fn plan_login(&self, login: &crate::Login) -> crate::LoginPlan {
                self.connection().plan_login(login)
            }

            /// Returns the deviations of the server so far, each once.
            pub fn quirks(&self) -> &[crate::Quirk] {
                self.driver.engine.quirks()
            }

            /// Returns the state machine, for the getters that a client does not have itself.
            pub fn connection(&self) -> &crate::Connection {
                self.driver.engine.session().connection()
            }
        }
    };
}
pub(crate) use getters;
