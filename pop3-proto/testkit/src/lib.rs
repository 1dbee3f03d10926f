//! What the tests of this workspace share, written once.
