//! Arbitrary values for fuzzing, of types that are checked when they are created.

use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::command::{Dele, Retr, Top};
use crate::endpoint::Endpoint;
use crate::types::{MessageNumber, UniqueId, Username};

impl<'a> Arbitrary<'a> for Username {
    fn arbitrary(octets: &mut Unstructured<'a>) -> Result<Self> {
        let mut name = String::arbitrary(octets)?;
        name.retain(|c| !c.is_control());
        if name.is_empty() {
            name.push('a');
        }
        Self::new(name).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for UniqueId {
    fn arbitrary(octets: &mut Unstructured<'a>) -> Result<Self> {
        let mut id = Vec::<u8>::arbitrary(octets)?;
        id.retain(|octet| !octet.is_ascii_control());
        id.truncate(Self::LONGEST);
        let id = id.trim_ascii();
        let id = if id.is_empty() { b"1" } else { id };
        Self::checked(id.to_vec()).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Endpoint {
    /// Generates the endpoint of a host with a name or an address.
    fn arbitrary(octets: &mut Unstructured<'a>) -> Result<Self> {
        let host =
            *octets.choose(&["localhost", "mail.example.org", "192.0.2.1", "2001:db8::1"])?;
        let port = Option::<core::num::NonZeroU16>::arbitrary(octets)?;
        let port = port.map(core::num::NonZeroU16::get);
        Ok(if bool::arbitrary(octets)? {
            Self::implicit_tls(host, port)
        } else {
            Self::plain(host, port)
        })
    }
}

impl<'a> Arbitrary<'a> for Retr {
    fn arbitrary(octets: &mut Unstructured<'a>) -> Result<Self> {
        MessageNumber::arbitrary(octets).map(Self)
    }
}

impl<'a> Arbitrary<'a> for Dele {
    fn arbitrary(octets: &mut Unstructured<'a>) -> Result<Self> {
        MessageNumber::arbitrary(octets).map(Self)
    }
}

impl<'a> Arbitrary<'a> for Top {
    fn arbitrary(octets: &mut Unstructured<'a>) -> Result<Self> {
        let (number, lines) = (MessageNumber::arbitrary(octets)?, u32::arbitrary(octets)?);
        Ok(Self { number, lines })
    }
}
