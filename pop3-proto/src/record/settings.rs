//! The settings of transcripts: the lines that begin with `set`.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::time::Duration;

use super::step::span;
use super::transcript::Setting;
use super::write::seconds;
use crate::channel::Channel;
use crate::config::{
    CapaPolicy, Config, InitialResponse, Leniency, LfDot, Pipelining, StlsPolicy, Utf8Policy,
};
use crate::operation::Problem;

/// How a connection is created for a transcript.
#[derive(Debug, Clone)]
pub(super) struct Created {
    pub(super) config: Config,
    pub(super) channel: Channel,
}

impl Created {
    fn new() -> Self {
        Self {
            config: Config::default(),
            channel: Channel::Plain,
        }
    }
}

/// Returns the configuration and the channel that the settings of a transcript describe, under this
/// leniency.
///
/// # Errors
///
/// [`Problem::Setting`] for the first setting that is not known. A parsed transcript has none.
pub fn configure(settings: &[Setting], leniency: Leniency) -> Result<(Config, Channel), Problem> {
    let mut created = Created::new();
    created.config.leniency = leniency;
    for setting in settings {
        setting.apply(&mut created)?;
    }
    Ok((created.config, created.channel))
}

/// The settings that are a duration.
macro_rules! durations {
    ($config:expr) => {
        [
            ("tls-timeout", &mut $config.timeouts.tls),
            ("greeting-timeout", &mut $config.timeouts.greeting),
            ("first-octet-timeout", &mut $config.timeouts.first_octet),
            ("stall-timeout", &mut $config.timeouts.stall),
            ("send-timeout", &mut $config.timeouts.send),
            ("quit-timeout", &mut $config.timeouts.quit),
            (
                "quit-without-deletions-timeout",
                &mut $config.timeouts.quit_without_deletions,
            ),
        ]
    };
}

/// The settings that are a number.
macro_rules! numbers {
    ($config:expr) => {
        [
            ("receive-buffer", &mut $config.limits.receive_buffer),
            ("line-limit", &mut $config.limits.line),
            ("capability-lines", &mut $config.limits.capability_lines),
            ("capability-octets", &mut $config.limits.capability_octets),
            ("listing-entries", &mut $config.limits.listing_entries),
            ("listing-line", &mut $config.limits.listing_line),
            ("listing-octets", &mut $config.limits.listing_octets),
            ("challenge-line", &mut $config.limits.challenge),
            ("challenge-octets", &mut $config.limits.challenge_octets),
            ("challenges", &mut $config.limits.challenges),
            ("command-line", &mut $config.limits.command),
        ]
    };
}

impl Setting {
    fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
        }
    }

    /// Checks that the setting is known and its value valid.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.apply(&mut Created::new())
    }

    fn apply(&self, to: &mut Created) -> Result<(), Problem> {
        let config = &mut to.config;
        match (self.name.as_str(), self.value.as_str()) {
            ("channel", "plain") => to.channel = Channel::Plain,
            ("channel", "implicit-tls") => to.channel = Channel::ImplicitTls,
            ("channel", "trusted") => to.channel = Channel::TrustedByCaller,
            ("allow-insecure-login", "") => config.allow_insecure_login = true,
            ("utf8", "") => config.utf8 = Utf8Policy::Auto,
            ("stls", "off") => config.stls = StlsPolicy::Off,
            ("capa", "never") => config.capa = CapaPolicy::Never,
            ("initial-response", "never") => config.initial_response = InitialResponse::Never,
            ("lf-dot", "ends-reply") => config.lf_dot = LfDot::EndsReply,
            ("pipelining", "always") => config.pipelining = Pipelining::Always,
            ("pipelining", "never") => config.pipelining = Pipelining::Never,
            ("keep-alive", _) => config.keep_alive = Some(self.span()?),
            ("total", _) => config.timeouts.total = Some(self.span()?),
            (name, _) => {
                if let Some((_, limit)) = numbers!(config).into_iter().find(|it| it.0 == name) {
                    *limit = self.value.parse().map_err(|_| self.unknown())?;
                } else {
                    let span = self.span()?;
                    let found = durations!(config).into_iter().find(|it| it.0 == name);
                    *found.ok_or_else(|| self.unknown())?.1 = span;
                }
            }
        }
        Ok(())
    }

    fn span(&self) -> Result<Duration, Problem> {
        if self.value == "never" {
            return Ok(Duration::MAX);
        }
        span(&self.value).ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> Problem {
        Problem::Setting(self.to_string())
    }
}

/// Returns the settings of a transcript for this configuration and channel: those that differ from
/// the default. The leniency is not a setting.
pub fn describe(config: &Config, channel: Channel) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut set = |name: &str, value: String| settings.push(Setting::new(name, value));
    match channel {
        Channel::Plain => {}
        Channel::ImplicitTls => set("channel", "implicit-tls".into()),
        Channel::TrustedByCaller => set("channel", "trusted".into()),
    }
    if config.allow_insecure_login {
        set("allow-insecure-login", String::new());
    }
    if config.utf8 == Utf8Policy::Auto {
        set("utf8", String::new());
    }
    if config.stls == StlsPolicy::Off {
        set("stls", "off".into());
    }
    if config.capa == CapaPolicy::Never {
        set("capa", "never".into());
    }
    if config.initial_response == InitialResponse::Never {
        set("initial-response", "never".into());
    }
    if config.lf_dot == LfDot::EndsReply {
        set("lf-dot", "ends-reply".into());
    }
    match config.pipelining {
        Pipelining::Auto => {}
        Pipelining::Always => set("pipelining", "always".into()),
        Pipelining::Never => set("pipelining", "never".into()),
    }
    let span = |span: Duration| match span {
        Duration::MAX => "never".to_owned(),
        span => seconds(span),
    };
    if let Some(idle) = config.keep_alive {
        set("keep-alive", span(idle));
    }
    if let Some(total) = config.timeouts.total {
        set("total", span(total));
    }
    let (mut own, mut default) = (config.clone(), Config::default());
    for ((name, own), (_, default)) in durations!(own).into_iter().zip(durations!(default)) {
        if own != default {
            set(name, span(*own));
        }
    }
    for ((name, own), (_, default)) in numbers!(own).into_iter().zip(numbers!(default)) {
        if own != default {
            set(name, format!("{own}"));
        }
    }
    settings
}
