//! GSSAPI (RFC 4752) as a custom mechanism, on the C library of Kerberos.

use std::fmt;
use std::sync::Mutex;

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext as _};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE};
use pop3_proto::sasl::{Mechanism, Progress, Response, SaslError};

/// The bit for "no security layer". TLS protects the session.
const NO_LAYER: u8 = 1;

/// A login with the Kerberos ticket of the current user.
///
/// The library of Kerberos talks to the key distribution center in [`Gssapi::new`], which therefore
/// may block. So a program should create the mechanism before it connects, and in an async program
/// on a thread for blocking work. The exchange itself needs no I/O.
pub(crate) struct Gssapi {
    /// In a mutex, because a context may move to another thread but may not be shared.
    context: Mutex<ClientCtx>,
    first: Option<Vec<u8>>,
    /// The user to act as; empty for the user of the ticket.
    acts_as: String,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// The security context is being established.
    Context,
    /// The server offers security layers next.
    Layers,
    Done,
}

impl Gssapi {
    /// Creates the mechanism for the POP3 server `host`, whose Kerberos service is `pop@host`.
    ///
    /// # Errors
    ///
    /// The error of the library, for example if there is no valid ticket.
    pub(crate) fn new(host: &str, acts_as: &str) -> Result<Self, libgssapi::error::Error> {
        let service = format!("pop@{host}");
        let target = Name::new(service.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))?;
        // Integrity protects the choice of the layer, even if the layer itself is not used.
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_INTEG_FLAG;
        let mut context = ClientCtx::new(None, target, flags, Some(GSS_MECH_KRB5));
        let first = context.step(None, None)?;
        Ok(Self {
            context: Mutex::new(context),
            first: first.map(|token| token.to_vec()),
            acts_as: acts_as.to_owned(),
            step: Step::Context,
        })
    }
}

fn bad(error: libgssapi::error::Error) -> SaslError {
    SaslError::Other(error.to_string().into())
}

impl Mechanism for Gssapi {
    fn name(&self) -> &str {
        "GSSAPI"
    }

    fn initial_response(&mut self) -> Option<Response> {
        self.first.take().map(Response::new)
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError> {
        let context = self.context.get_mut();
        let context = context.unwrap_or_else(|poisoned| poisoned.into_inner());
        let response = match self.step {
            Step::Context => {
                let token = context.step(Some(challenge), None).map_err(bad)?;
                if context.is_complete() {
                    self.step = Step::Layers;
                }
                // Without a token the client sends an empty response (RFC 4752 section 3.1).
                token.map_or_else(Response::empty, |token| Response::new(token.to_vec()))
            }
            Step::Layers => {
                let offer = context.unwrap(challenge).map_err(bad)?;
                let [layers, _, _, _] = *offer else {
                    return Err(SaslError::Other("a malformed offer of layers".into()));
                };
                if layers & NO_LAYER == 0 {
                    return Err(SaslError::Other(
                        "the server requires a security layer".into(),
                    ));
                }
                let choice = [&[NO_LAYER, 0, 0, 0], self.acts_as.as_bytes()].concat();
                let choice = context.wrap(false, &choice).map_err(bad)?;
                self.step = Step::Done;
                Response::new(choice.to_vec())
            }
            Step::Done => return Err(SaslError::NothingLeft),
        };
        Ok(Progress::Respond(response))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        match self.step {
            Step::Done => Ok(()),
            Step::Context => Err(SaslError::ServerNotAuthenticated),
            Step::Layers => Err(SaslError::NotDone),
        }
    }

    fn is_mutual(&self) -> bool {
        true
    }
}

impl fmt::Debug for Gssapi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gssapi").field("step", &self.step).finish()
    }
}
