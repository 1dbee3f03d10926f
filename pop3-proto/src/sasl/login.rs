//! LOGIN: the client sends user name and password, each in reply to a prompt.
//!
//! No RFC specifies it. It is implemented because some old servers support no other mechanism.

use super::{Mechanism, Progress, Response, SaslError};
use crate::secret::Secret;
use crate::types::Username;

/// LOGIN: user name and password, each after a prompt. It is not specified in any RFC, but some old
/// servers support nothing else.
///
/// The prompts are ignored. Some servers send `Username:` and `Password:`, others send
/// translations. The response to the first prompt is the user name, and the response to the second
/// is the password.
#[derive(Debug)]
pub struct Login(Next);

#[derive(Debug)]
enum Next {
    Username {
        username: Username,
        password: Secret,
    },
    Password {
        password: Secret,
    },
    Nothing,
}

impl Login {
    /// Creates the mechanism for `username`.
    pub fn new(username: &Username, password: &Secret) -> Self {
        Self(Next::Username {
            username: username.clone(),
            password: password.clone(),
        })
    }
}

impl Mechanism for Login {
    fn name(&self) -> &str {
        "LOGIN"
    }

    fn initial_response(&mut self) -> Option<Response> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        let response = match core::mem::replace(&mut self.0, Next::Nothing) {
            Next::Username { username, password } => {
                self.0 = Next::Password { password };
                Response::new(username.as_str())
            }
            Next::Password { password } => Response::new(password.expose()),
            Next::Nothing => return Err(SaslError::NothingLeft),
        };
        Ok(Progress::Respond(response))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        match self.0 {
            Next::Nothing => Ok(()),
            _ => Err(SaslError::NotDone),
        }
    }

    fn reads_challenge(&self) -> bool {
        false
    }
}
