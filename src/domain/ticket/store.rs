//! Statements about tickets.

pub mod load;
