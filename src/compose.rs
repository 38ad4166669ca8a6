//! Compose semantics. So far the short syntaxes of single values.

pub mod short;
