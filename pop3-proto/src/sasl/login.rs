use super::{Mechanism, Progress, Response, SaslError};
use crate::secret::Secret;
use crate::types::Username;

/// LOGIN: user name and password, each asked for. No RFC has it; old servers have nothing else.
///
/// The prompts are not read: they are `Username:` and `Password:` on one server, and in the local
/// tongue on the next. The first is answered with the name, the second with the password.
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
    /// Logs in as `username`.
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
