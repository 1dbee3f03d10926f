//! Tests with generated input: properties, simulated sessions, and the fuzz targets with the inputs
//! of earlier findings.
//!
//! These tests run for a long time. They are a separate binary, so each kind can run longer by
//! itself.

mod fuzz;
mod properties;
mod simulation;
