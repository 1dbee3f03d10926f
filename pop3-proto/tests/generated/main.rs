//! Tests with generated input: properties, simulated sessions, and the fuzz targets with the inputs
//! of earlier findings.
//!
//! These tests run for a long time. They are in a separate binary, so that each kind can be run
//! alone for a longer time.

mod fuzz;
mod properties;
mod simulation;
mod sync;
