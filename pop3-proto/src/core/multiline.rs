//! Multi-line replies that are kept in memory: capabilities, listings, and replies to raw commands.

use bytes::BytesMut;

use super::state::State;
use crate::capability::Capabilities;
use crate::command_table::Shape;
use crate::config::Config;
use crate::error::{LimitError, Limited, ProtocolError};
use crate::language::Languages;
use crate::listing::{ListingBuilder, Quirks, Rules};
use crate::listing::{ScanEntry, UidEntry};
use crate::reply::{Lines, Mechanisms, Reply};
use crate::status::Status;
use crate::text::ServerText;
use crate::verb::Verb;

/// The part of a multi-line reply that was received so far.
#[derive(Debug)]
pub(super) enum Multiline {
    /// The lines of the reply to `CAPA`, or to `AUTH` or `LANG` without an argument.
    Capabilities {
        octets: BytesMut,
        lines: usize,
    },
    Sizes(ListingBuilder<ScanEntry>),
    UniqueIds(ListingBuilder<UidEntry>),
    Raw {
        status: Status,
        octets: BytesMut,
    },
}

impl Multiline {
    /// Starts a reply from its status line.
    pub(super) fn new(verb: Verb, shape: Shape, status: Status, config: &Config) -> Self {
        let limits = &config.limits;
        let rules = Rules {
            leniency: config.leniency,
            entries: limits.listing_entries,
            line: limits.listing_line,
            octets: limits.listing_octets,
            salvage: shape == Shape::SalvagedLines,
        };
        match verb {
            Verb::Capa | Verb::AuthMechanisms | Verb::Lang => Self::Capabilities {
                octets: BytesMut::new(),
                lines: 0,
            },
            Verb::List => Self::Sizes(ListingBuilder::new(rules)),
            Verb::Uidl => Self::UniqueIds(ListingBuilder::new(rules)),
            _ => Self::Raw {
                status,
                octets: BytesMut::new(),
            },
        }
    }

    /// Appends a part of the reply.
    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        limits: &crate::config::Limits,
    ) -> Result<(), LimitError> {
        let within = |octets: &mut BytesMut, limit| {
            if octets.len() + chunk.len() > limit {
                return Err(LimitError {
                    what: Limited::Octets,
                    limit,
                });
            }
            octets.extend_from_slice(chunk);
            Ok(())
        };
        match self {
            Self::Sizes(builder) => builder.push(chunk),
            Self::UniqueIds(builder) => builder.push(chunk),
            Self::Raw { octets, .. } => within(octets, limits.listing_octets),
            Self::Capabilities { octets, lines } => {
                // Do not count lines beyond the limit of octets: which limit is reported must not
                // depend on the size of the reads.
                let room = limits.capability_octets.saturating_sub(octets.len());
                let fits = chunk.get(..room).unwrap_or(chunk);
                *lines += memchr::memchr_iter(b'\n', fits).count();
                let limit = limits.capability_lines;
                if *lines > limit {
                    return Err(LimitError {
                        what: Limited::Lines,
                        limit,
                    });
                }
                within(octets, limits.capability_octets)
            }
        }
    }

    /// Returns the text of the reply to `CAPA`, or to `AUTH` without a mechanism.
    pub(super) fn capabilities(&self) -> Option<&[u8]> {
        match self {
            Self::Capabilities { octets, .. } => Some(octets),
            _ => None,
        }
    }

    /// Parses the complete reply. Also returns its deviations.
    pub(super) fn read(
        self,
        verb: Verb,
        state: &State,
        config: &Config,
    ) -> Result<(Reply, Quirks), ProtocolError> {
        let listing = match self {
            Self::Capabilities { octets, .. } if verb == Verb::AuthMechanisms => {
                let mechanisms = Mechanisms {
                    octets: octets.freeze(),
                    leniency: config.leniency,
                };
                Ok((Reply::Mechanisms(Some(mechanisms)), Quirks::new()))
            }
            Self::Capabilities { octets, .. } if verb == Verb::Lang => {
                Languages::read(&octets, config.leniency)
                    .map(|languages| (Reply::Languages(languages), Quirks::new()))
                    .map_err(|line| ("no language tag", line))
            }
            Self::Capabilities { octets, .. } => {
                let capabilities = Capabilities::new(octets.freeze(), config.leniency);
                Ok((Reply::Capabilities(Some(capabilities)), Quirks::new()))
            }
            Self::Raw { status, octets } => {
                let lines = Lines {
                    status,
                    octets: octets.freeze(),
                    leniency: config.leniency,
                };
                Ok((Reply::Lines(lines), Quirks::new()))
            }
            Self::Sizes(builder) => builder
                .finish(state.has_deleted())
                .map(|(sizes, quirks)| (Reply::Sizes(sizes), quirks)),
            Self::UniqueIds(builder) => builder
                .finish(state.has_deleted())
                .map(|(ids, quirks)| (Reply::UniqueIds(ids), quirks)),
        };
        listing.map_err(|(what, line)| {
            let got = ServerText::copy(&line);
            ProtocolError::Malformed { verb, what, got }
        })
    }
}
