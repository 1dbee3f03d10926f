//! The keys of SCRAM (RFC 5802 section 3), from a long computation that can be interrupted.
//!
//! ```text
//! SaltedPassword  := Hi(password, salt, i), which is PBKDF2 (RFC 8018) of one block
//! ClientKey       := HMAC(SaltedPassword, "Client Key")
//! StoredKey       := H(ClientKey)
//! ClientProof     := ClientKey XOR HMAC(StoredKey, AuthMessage)
//! ServerKey       := HMAC(SaltedPassword, "Server Key")
//! ServerSignature := HMAC(ServerKey, AuthMessage)
//! ```
//!
//! All of them are wiped from memory when they are dropped.

use alloc::boxed::Box;

use hmac::digest::{FixedOutput as _, Output, OutputSizeUser};
use hmac::{EagerHash, Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize as _, Zeroizing};

use super::ScramHash;
use crate::mac::keyed;

/// The keys of an exchange: the result of the computation.
pub(crate) struct Keys {
    pub(crate) proof: Zeroizing<Box<[u8]>>,
    pub(crate) server_signature: Zeroizing<Box<[u8]>>,
}

/// The long computation of the keys.
pub(crate) trait Derivation: Send + Sync {
    /// Computes at most this many iterations. Returns whether all are done.
    fn iterate(&mut self, iterations: u32) -> bool;

    /// Returns the keys after all iterations.
    fn conclude(&self, auth_message: &[u8]) -> Keys;
}

/// Computes the first iteration.
pub(crate) fn begin(
    hash: ScramHash,
    password: &str,
    salt: &[u8],
    iterations: u32,
) -> Box<dyn Derivation> {
    match hash {
        ScramHash::Sha1 => Box::new(Hi::<Sha1>::new(password, salt, iterations)),
        ScramHash::Sha256 => Box::new(Hi::<Sha256>::new(password, salt, iterations)),
        ScramHash::Sha512 => Box::new(Hi::<Sha512>::new(password, salt, iterations)),
    }
}

/// `Hi` of RFC 5802 section 2.2, in progress.
struct Hi<D: EagerHash> {
    /// The HMAC that is keyed with the password. It is set up once and cloned for each iteration.
    password: Hmac<D>,
    /// The last of `U1`, `U2` and so on.
    last: Wiped<Hmac<D>>,
    /// The XOR of all of them.
    sum: Wiped<Hmac<D>>,
    left: u32,
}

impl<D: EagerHash> Hi<D> {
    fn new(password: &str, salt: &[u8], iterations: u32) -> Self {
        let password = keyed::<D>(password.as_bytes());
        let last = mac(&password, &[salt, &1_u32.to_be_bytes()]);
        Self {
            sum: Wiped(last.0.clone()),
            password,
            last,
            left: iterations.saturating_sub(1),
        }
    }
}

impl<D: EagerHash> Derivation for Hi<D>
where
    Hmac<D>: Send + Sync,
    Output<Hmac<D>>: Send + Sync,
{
    fn iterate(&mut self, iterations: u32) -> bool {
        let now = iterations.min(self.left);
        for _ in 0..now {
            let mut hmac = self.password.clone();
            Mac::update(&mut hmac, &self.last.0);
            hmac.finalize_into(&mut self.last.0);
            xor(&mut self.sum.0, &self.last.0);
        }
        self.left -= now;
        self.left == 0
    }

    fn conclude(&self, auth_message: &[u8]) -> Keys {
        let salted_password = keyed::<D>(&self.sum.0);
        let mut client_key = mac(&salted_password, &[b"Client Key"]);
        let mut stored_key = Wiped::<D>(Output::<D>::default());
        D::new()
            .chain_update(&client_key.0)
            .finalize_into(&mut stored_key.0);
        let client_signature = mac(&keyed::<D>(&stored_key.0), &[auth_message]);
        xor(&mut client_key.0, &client_signature.0);
        let server_key = mac(&salted_password, &[b"Server Key"]);
        let server_signature = mac(&keyed::<D>(&server_key.0), &[auth_message]);
        Keys {
            // The XOR above turned the key into the proof.
            proof: client_key.to_boxed(),
            server_signature: server_signature.to_boxed(),
        }
    }
}

/// Returns the HMAC of the concatenated parts.
fn mac<D: EagerHash>(keyed: &Hmac<D>, parts: &[&[u8]]) -> Wiped<Hmac<D>> {
    let mut hmac = keyed.clone();
    for part in parts {
        Mac::update(&mut hmac, part);
    }
    let mut output = Wiped(Output::<Hmac<D>>::default());
    hmac.finalize_into(&mut output.0);
    output
}

fn xor(into: &mut [u8], other: &[u8]) {
    for (octet, other) in into.iter_mut().zip(other) {
        *octet ^= other;
    }
}

/// The result of a hash or a MAC, wiped from memory when it is dropped.
struct Wiped<H: OutputSizeUser>(Output<H>);

impl<H: OutputSizeUser> Wiped<H> {
    fn to_boxed(&self) -> Zeroizing<Box<[u8]>> {
        Zeroizing::new(Box::from(self.0.as_slice()))
    }
}

impl<H: OutputSizeUser> Drop for Wiped<H> {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}
