//! Which files, in which order, with which environment. So far the two grammars that need no file:
//! `${…}` templates and `.env` text.

pub mod dotenv;
pub mod quote;
pub mod template;
