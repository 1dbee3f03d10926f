//! Tests of the example `fetch`: its modules, and the program as a user runs it.
//!
//! This test root is next to the example's modules, and includes them as its own.

#[expect(dead_code, reason = "the tests run the program as a process")]
mod app;

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    mod choosing;
    #[cfg(unix)]
    mod connection;
    #[cfg(target_os = "linux")]
    mod faults;
    #[cfg(unix)]
    mod hints;
    #[cfg(unix)]
    mod identity;
    mod ledgers;
    #[cfg(unix)]
    mod logins;
    mod maildir;
    mod options;
    #[cfg(unix)]
    mod passwords;
    #[cfg(unix)]
    mod recordings;
    #[cfg(unix)]
    mod recovery;
    #[cfg(unix)]
    mod repeating;
    mod rules;
    #[cfg(unix)]
    mod runs;
    mod sample;
    mod secrets;
    #[cfg(unix)]
    mod sessions;
}
