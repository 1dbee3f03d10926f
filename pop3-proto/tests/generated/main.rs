//! What holds for generated input: properties, whole sessions in a simulation, and the fuzz targets
//! with the inputs that once found something.
//!
//! These run for long. They are a binary of their own so that each can be run for longer by itself.

mod fuzz;
mod properties;
mod simulation;
