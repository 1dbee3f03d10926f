//! Tests of the example `fetch`: of its parts, and of the program as a user runs it.
//!
//! The root is beside the example's parts, which it has as modules of its own.

mod maildir;
mod options;
mod sample;

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    mod faults;
    #[cfg(unix)]
    mod logins;
    mod maildir;
    mod options;
    #[cfg(unix)]
    mod runs;
    mod sample;
    #[cfg(unix)]
    mod sessions;
}
