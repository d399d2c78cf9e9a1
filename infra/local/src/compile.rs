//! Builds the functions.
